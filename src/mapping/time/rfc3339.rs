//! Times as in RFC 3339: `2022-11-07T19:03:20.703123+01:00`.
//!
//! In: a text. Out: microseconds since 1970, rounded down. A leap second is the first one of the next minute.

use super::calendar::days_to;

/// The instant; `None` if the text is none, also if it has no offset.
pub(super) fn micros(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (date_time, rest) = bytes.split_at_checked(19)?;
    let marks = [4, 7, 10, 13, 16].map(|at| date_time[at]);
    if !matches!(marks, [b'-', b'-', b'T' | b't' | b' ', b':', b':']) {
        return None;
    }
    let part = |at: usize| digits(&date_time[at..at + 2]);
    let year = digits(&date_time[..4])?;
    let (month, day) = (within(part(5)?, 1, 12)?, part(8)?);
    let length = days_to(year + month / 12, month % 12 + 1, 1) - days_to(year, month, 1);
    let days = days_to(year, month, within(day, 1, length)?);
    let (hour, minute, second) = (within(part(11)?, 0, 23)?, within(part(14)?, 0, 59)?, within(part(17)?, 0, 60)?);
    let (fraction, zone) = fraction(rest)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(seconds * 1_000_000 + fraction)
}

/// Microseconds behind a decimal point, if there is one, and what stands behind them.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let places = rest[..count].iter().copied().chain(std::iter::repeat(b'0')).take(6);
    (count > 0).then(|| (places.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), &rest[count..]))
}

/// Seconds east of UTC.
fn offset(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h, i, b':', m, n] => {
            let seconds = within(digits(&[h, i])?, 0, 23)? * 3600 + within(digits(&[m, n])?, 0, 59)? * 60;
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn within(value: i64, first: i64, last: i64) -> Option<i64> {
    (first..=last).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_are_exact() {
        for text in [
            "2022-11-07T18:03:20.703123Z",
            "2022-11-07t18:03:20.703123z",
            "2022-11-07 19:03:20.703123999999999999999999+01:00",
            "2022-11-07T12:33:20.703123-05:30",
            "2022-11-08T00:03:20.703123+06:00",
        ] {
            assert_eq!(micros(text), Some(1_667_844_200_703_123), "{text}");
        }
        assert_eq!(micros("1969-12-31T23:59:59.9Z"), Some(-100_000));
        assert_eq!(micros("2016-12-31T23:59:60Z"), micros("2017-01-01T00:00:00Z"));
        assert_eq!(micros("2024-02-29T00:00:00Z"), Some(1_709_164_800_000_000));
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "2022-11-07",
            "2022-11-07T18:03:20",
            "2022-11-07T18:03Z",
            "2022-11-07T18:03:20.Z",
            "2022-11-07T18:03:20+0100",
            "2022-11-07T18:03:20+01:00 ",
            "2022-13-07T18:03:20Z",
            "2023-02-29T18:03:20Z",
            "2022-12-32T18:03:20Z",
            "2022-11-07T24:03:20Z",
            "2022-11-07T18:60:20Z",
            "2022-11-07T18:03:61Z",
            "2022-11-07T18:03:20+24:00",
            "2022/11/07T18:03:20Z",
            "+022-11-07T18:03:20Z",
            "2022-11-07T18:03:2éZ",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
