//! From a value to an instant: integers from the number's own digits, or a text as in RFC 3339.
//!
//! In: a field's value and the unit that it is declared to have. Out: microseconds since 1970, rounded down, within the years 1 to
//! 9999; never through a float.

use super::super::content::Content;
use super::super::error::Fault;
use super::super::suggest;
use super::calendar::days_to;
use super::rfc3339;
use crate::number::Number;

/// What a field's number counts since 1970, or that it is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) enum Unit {
    /// Told by the number of digits before the decimal point; a text that is no number is as in RFC 3339.
    Auto,
    Seconds,
    Millis,
    Micros,
    Nanos,
    Rfc3339,
}

const NAMES: [(&str, Unit); 6] = [
    ("auto", Unit::Auto),
    ("s", Unit::Seconds),
    ("ms", Unit::Millis),
    ("us", Unit::Micros),
    ("ns", Unit::Nanos),
    ("rfc3339", Unit::Rfc3339),
];

/// The years in which a unit may be guessed: now, counted in any other unit, is in none of them.
const GUESSED: (i64, i64) = (1900, 2199);

impl Unit {
    pub(in crate::mapping) fn compile(name: &str) -> Result<Unit, Fault> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            Fault::new(format!("unknown unit `{name}`{}", suggest::hint(name, &names)))
        })
    }

    /// The instant; `None` if the value is none.
    pub(super) fn micros(self, content: &Content<'_>) -> Option<i64> {
        let (Content::Number(text) | Content::Text(text)) = content else { return None };
        let number = Number::parse(text);
        match (self, number) {
            (Unit::Rfc3339, _) | (Unit::Auto, None) => {
                let micros = matches!(content, Content::Text(_)).then(|| rfc3339::micros(text))??;
                within(micros, (1, 9999))
            }
            (Unit::Auto, Some(number)) => {
                let unit = match number.whole_digits() {
                    ..=11 => Unit::Seconds,
                    12..=14 => Unit::Millis,
                    15..=17 => Unit::Micros,
                    _ => Unit::Nanos,
                };
                within(unit.count(number)?, GUESSED)
            }
            (unit, Some(number)) => within(unit.count(number)?, (1, 9999)),
            (_, None) => None,
        }
    }

    fn count(self, number: Number<'_>) -> Option<i64> {
        number.floor_of_shifted(match self {
            Unit::Seconds => 6,
            Unit::Millis => 3,
            Unit::Nanos => -3,
            Unit::Micros | Unit::Auto | Unit::Rfc3339 => 0,
        })
    }

    /// What a value must be, for messages.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Unit::Auto => {
                "a number of seconds, milliseconds, microseconds or nanoseconds of the years 1900 to 2199, nor a time as in RFC 3339; \
                 any other time needs its unit declared"
            }
            Unit::Seconds => "a number of seconds since 1970 within the years 1 to 9999",
            Unit::Millis => "a number of milliseconds since 1970 within the years 1 to 9999",
            Unit::Micros => "a number of microseconds since 1970 within the years 1 to 9999",
            Unit::Nanos => "a number of nanoseconds since 1970 within the years 1 to 9999",
            Unit::Rfc3339 => "a time as in RFC 3339, such as 2022-11-07T18:03:20.5Z",
        }
    }
}

fn within(micros: i64, (first, last): (i64, i64)) -> Option<i64> {
    let begin = |year| days_to(year, 1, 1) * 86_400_000_000;
    (begin(first)..begin(last + 1)).contains(&micros).then_some(micros)
}

/// Epoch seconds of microseconds, without needless digits.
pub(super) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let text = format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn number(unit: Unit, digits: &str) -> Option<i64> {
        unit.micros(&Content::Number(Cow::Borrowed(digits)))
    }

    const MICROS: Option<i64> = Some(1_667_844_200_703_123);

    #[test]
    fn one_instant_in_every_unit() {
        for (unit, digits) in [
            (Unit::Seconds, "1667844200.703123"),
            (Unit::Seconds, "1667844200703123e-6"),
            (Unit::Millis, "1667844200703.123"),
            (Unit::Micros, "1667844200703123"),
            (Unit::Nanos, "1667844200703123999"),
            (Unit::Nanos, "1.667844200703123999e18"),
        ] {
            assert_eq!(number(unit, digits), MICROS, "{digits}");
            assert_eq!(number(Unit::Auto, digits), MICROS, "{digits}");
            assert_eq!(Unit::Auto.micros(&Content::Text(Cow::Borrowed(digits))), MICROS, "{digits}");
        }
    }

    #[test]
    fn digits_past_a_doubles_are_exact() {
        assert_eq!(number(Unit::Seconds, "253402300799.999999999999"), Some(253_402_300_799_999_999));
        assert_eq!(number(Unit::Nanos, "9007199254740993000"), Some(9_007_199_254_740_993));
        assert_eq!(number(Unit::Nanos, "-1"), Some(-1));
        assert_eq!(number(Unit::Seconds, "-0.0000001"), Some(-1));
    }

    #[test]
    fn a_unit_is_guessed_by_digits_and_only_for_likely_years() {
        let guessed = |digits| number(Unit::Auto, digits);
        assert_eq!(guessed("0"), Some(0));
        assert_eq!(guessed("-2208988800"), Some(-2_208_988_800_000_000));
        assert_eq!(guessed("7258118399"), Some(7_258_118_399_000_000));
        assert_eq!(guessed("100000000000"), Some(100_000_000_000_000), "twelve digits are milliseconds, here of 1973");
        assert_eq!(guessed("100000000000000"), Some(100_000_000_000_000), "fifteen are microseconds");
        assert_eq!(guessed("100000000000000000"), Some(100_000_000_000_000), "eighteen are nanoseconds");
        for digits in ["-2208988801", "7258118400", "99999999999", "99999999999999", "99999999999999999", "1e20", "1e400"] {
            assert_eq!(guessed(digits), None, "{digits}");
        }
    }

    #[test]
    fn a_declared_unit_reaches_from_year_1_to_year_9999() {
        assert_eq!(number(Unit::Seconds, "-62135596800"), Some(-62_135_596_800_000_000));
        assert_eq!(number(Unit::Seconds, "-62135596800.1"), None);
        assert_eq!(number(Unit::Millis, "253402300799999"), Some(253_402_300_799_999_000));
        assert_eq!(number(Unit::Millis, "253402300800000"), None);
        assert_eq!(number(Unit::Seconds, "1e999999999999999999999"), None);
        assert_eq!(number(Unit::Rfc3339, "2022"), None);
        assert_eq!(Unit::Seconds.micros(&Content::Bool(true)), None);
    }
}
