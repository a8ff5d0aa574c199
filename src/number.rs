//! Decimal numbers by their digits: range, order, canonical form and stored size, without a conversion.
//!
//! In: a number as JSON writes it. Out: what `DynamoDB` makes of it. Never rounds, never goes through a float, and an exponent
//! of absurd size costs no more than any other.

use std::cmp::Ordering;

/// Significant digits that `DynamoDB` stores, zeros at both ends not counted ("Supported data types" in its developer guide).
pub const MAX_DIGITS: usize = 38;

/// Exponents of the first significant digit that `DynamoDB` stores: 1E-130 to 9.99…E+125 (the same page).
pub const MAGNITUDES: std::ops::RangeInclusive<i64> = -130..=125;

/// Exponents past this are taken as this: far outside every range, and safe to add to.
const EXPONENT_LIMIT: i64 = i64::MAX / 4;

/// A decimal number: its significant digits, and the power of ten of the first one. Zero has no digits and no sign.
///
/// Numbers compare by value: `1`, `1.0` and `1e0` are equal, and so are `0` and `-0`.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    negative: bool,
    /// Digits before the decimal point, then those behind it; together without zeros at either end.
    whole: &'a [u8],
    fraction: &'a [u8],
    magnitude: i64,
}

/// A number has more than [`MAX_DIGITS`] significant digits or a magnitude outside [`MAGNITUDES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfRange {
    #[error("a number has more than {MAX_DIGITS} significant digits")]
    Digits,
    #[error("a number is outside 1E-130 … 9.99E+125")]
    Magnitude,
}

impl<'a> Number<'a> {
    /// Reads a number in JSON's grammar; anything else, also white space around it, is `None`.
    pub fn parse(text: &'a str) -> Option<Number<'a>> {
        let bytes = text.as_bytes();
        let (negative, unsigned) = bytes.strip_prefix(b"-").map_or((false, bytes), |rest| (true, rest));
        let (whole, rest) = split_digits(unsigned);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => Some(split_digits(rest)).filter(|(digits, _)| !digits.is_empty())?,
            None => (&rest[..0], rest),
        };
        let exponent = exponent(rest)?;
        Some(Number::trimmed(negative, whole, fraction, exponent))
    }

    fn trimmed(negative: bool, whole: &'a [u8], fraction: &'a [u8], exponent: i64) -> Number<'a> {
        let whole = trim_start(whole);
        let fraction = trim_end(fraction);
        let (whole, fraction, point) = if whole.is_empty() {
            let significant = trim_start(fraction);
            (whole, significant, -length(fraction) + length(significant))
        } else if fraction.is_empty() {
            (trim_end(whole), fraction, length(whole))
        } else {
            (whole, fraction, length(whole))
        };
        if whole.is_empty() && fraction.is_empty() {
            return Number { negative: false, whole, fraction, magnitude: 0 };
        }
        Number { negative, whole, fraction, magnitude: exponent + point - 1 }
    }

    /// Whether the number is 0 or -0.
    pub fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// Whether the number is below zero; -0 is not.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether `DynamoDB` stores this number.
    pub fn check(&self) -> Result<(), OutOfRange> {
        if self.count() > MAX_DIGITS {
            Err(OutOfRange::Digits)
        } else if MAGNITUDES.contains(&self.magnitude) {
            Ok(())
        } else {
            Err(OutOfRange::Magnitude)
        }
    }

    /// An upper bound of the bytes that a number within range takes in an item: one for each pair of significant digits, the
    /// pairs aligned to the decimal point, one more, and one for a sign; 0 takes one. `DynamoDB` documents the size as
    /// approximate ("Item sizes and formats"), so this counts the larger reading.
    pub fn size(&self) -> usize {
        if self.is_zero() {
            return 1;
        }
        let last = self.magnitude + 1 - length(self.whole) - length(self.fraction);
        let pairs = self.magnitude.div_euclid(2) - last.div_euclid(2) + 1;
        usize::try_from(pairs).unwrap_or(usize::MAX - 2) + 1 + usize::from(self.negative)
    }

    /// The one plain notation of this value: no exponent, no needless zero, no `-0`; `1.50e3` is `1500`, `1E-7` is
    /// `0.0000001`. `None` outside `DynamoDB`'s range, so that it is never longer than 170 bytes.
    pub fn canonical(&self) -> Option<String> {
        self.check().ok()?;
        if self.is_zero() {
            return Some("0".to_owned());
        }
        let mut text = String::with_capacity(self.count() + 3);
        if self.negative {
            text.push('-');
        }
        if self.magnitude < 0 {
            text.push_str("0.");
            (self.magnitude + 1..0).for_each(|_| text.push('0'));
        }
        for (place, digit) in (0..).zip(self.digits()) {
            if place == self.magnitude + 1 && place > 0 {
                text.push('.');
            }
            text.push(char::from(digit));
        }
        (length(self.whole) + length(self.fraction)..=self.magnitude).for_each(|_| text.push('0'));
        Some(text)
    }

    /// A text that sorts, byte by byte, as the number does, whatever stands behind it, as long as that begins below `0`. `None`
    /// outside `DynamoDB`'s range.
    pub fn sortable(&self) -> Option<String> {
        self.check().ok()?;
        Some(if self.is_zero() {
            "0".to_owned()
        } else if self.negative {
            let complement = self.digits().map(|digit| char::from(b'0' + b'9' - digit));
            format!("-{:03}{}~", 500 - self.magnitude, complement.collect::<String>())
        } else {
            format!("1{:03}{}", 500 + self.magnitude, self.digits().map(char::from).collect::<String>())
        })
    }

    /// The largest integer that is not above this number, if it has at most 18 digits.
    pub fn floor(&self) -> Option<i64> {
        self.floor_of_shifted(0)
    }

    /// [`Number::floor`] of this number times ten to the power of `places`.
    pub fn floor_of_shifted(&self, places: i64) -> Option<i64> {
        let magnitude = self.magnitude.saturating_add(places);
        if magnitude > 17 {
            return if self.is_zero() { Some(0) } else { None };
        }
        let count = usize::try_from(magnitude + 1).unwrap_or(0);
        let digits = self.digits().chain(std::iter::repeat(b'0')).take(count);
        let truncated = digits.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Some(if self.negative { -truncated - i64::from(self.count() > count) } else { truncated })
    }

    /// How many digits stand before the decimal point in plain notation; less than 1 for numbers below 1.
    pub fn whole_digits(&self) -> i64 {
        self.magnitude + 1
    }

    fn count(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.whole.iter().chain(self.fraction).copied()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| i8::from(!number.is_zero()) * if number.negative { -1 } else { 1 };
        let size = || self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()));
        sign(self).cmp(&sign(other)).then_with(|| if self.negative { size().reverse() } else { size() })
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number<'_> {}

fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len()))
}

/// What stands behind the digits: nothing, or `e`, a sign and digits.
fn exponent(bytes: &[u8]) -> Option<i64> {
    let Some((b'e' | b'E', rest)) = bytes.split_first() else { return bytes.is_empty().then_some(0) };
    let (negative, digits) = match rest.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    let size = size.min(EXPONENT_LIMIT);
    Some(if negative { -size } else { size })
}

fn trim_start(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len())..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    &digits[..digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1)]
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(EXPONENT_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number<'_> {
        Number::parse(text).unwrap()
    }

    #[test]
    fn equal_values_are_equal_however_they_are_written() {
        for (left, right) in [("1", "1.0"), ("1", "1e0"), ("0", "-0"), ("0", "-0.000e99"), ("100", "1E2"), ("0.012", "12e-3")] {
            assert_eq!(number(left), number(right));
            assert_eq!(number(left).canonical(), number(right).canonical());
        }
        assert_ne!(number("1"), number("-1"));
    }

    #[test]
    fn what_is_not_a_json_number_is_refused() {
        for text in ["", "-", "+1", ".5", "1.", "01", "1e", "1e+", " 1", "1 ", "1_0", "NaN", "0x1", "1.5.2", "1e5.0", "١"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn range_is_38_digits_and_magnitudes_from_minus_130_to_125() {
        let digits = |count| "9".repeat(count);
        assert_eq!(number(&digits(38)).check(), Ok(()));
        assert_eq!(number(&digits(39)).check(), Err(OutOfRange::Digits));
        assert_eq!(number(&(digits(38) + "0")).check(), Ok(()));
        assert_eq!(number(&format!("0.000{}000", digits(38))).check(), Ok(()));
        assert_eq!(number("1E-130").check(), Ok(()));
        assert_eq!(number("9.9E-131").check(), Err(OutOfRange::Magnitude));
        assert_eq!(number("-9.99E125").check(), Ok(()));
        assert_eq!(number("1E126").check(), Err(OutOfRange::Magnitude));
        assert_eq!(number("0.001E128").check(), Ok(()));
        assert_eq!(number("0e999999999999999999999999").check(), Ok(()));
    }

    #[test]
    fn absurd_exponents_neither_overflow_nor_take_long() {
        let huge = format!("1e{}", "9".repeat(400));
        let tiny = format!("-1e-{}", "9".repeat(400));
        assert_eq!(number(&huge).check(), Err(OutOfRange::Magnitude));
        assert_eq!(number(&tiny).check(), Err(OutOfRange::Magnitude));
        assert!(number(&tiny) < number("0") && number("0") < number(&huge));
        assert_eq!(number(&huge).floor(), None);
        assert_eq!(number(&tiny).floor(), Some(-1));
        assert_eq!(number(&huge).canonical(), None);
    }

    #[test]
    fn canonical_form_is_plain_notation() {
        for (text, canonical) in [
            ("1.50e3", "1500"),
            ("1E-7", "0.0000001"),
            ("-12.340", "-12.34"),
            ("0.10", "0.1"),
            ("-0.0", "0"),
            ("123456e-3", "123.456"),
            ("123456e-6", "0.123456"),
            ("1230e-1", "123"),
        ] {
            assert_eq!(number(text).canonical().as_deref(), Some(canonical), "{text}");
        }
        assert_eq!(number("1E125").canonical().unwrap().len(), 126);
        assert_eq!(number("-1E-130").canonical().unwrap().len(), 133);
    }

    #[test]
    fn size_counts_pairs_aligned_to_the_decimal_point() {
        for (text, size) in [("0", 1), ("1", 2), ("-1", 3), ("12", 2), ("120", 3), ("0.012", 3), ("100", 2), ("1e125", 2), ("0.5", 2)] {
            assert_eq!(number(text).size(), size, "{text}");
        }
        assert_eq!(number(&format!("-0.{}1", "1".repeat(37))).size(), 21);
        assert_eq!(number(&format!("-1.{}", "1".repeat(37))).size(), 22);
    }

    #[test]
    fn floor_is_exact_integer_arithmetic() {
        for (text, floor) in
            [("1545084650.987", 1_545_084_650), ("-0.5", -1), ("-5", -5), ("-5.0", -5), ("0.999", 0), ("15e8", 1_500_000_000)]
        {
            assert_eq!(number(text).floor(), Some(floor), "{text}");
        }
        assert_eq!(number("999999999999999999.9").floor(), Some(999_999_999_999_999_999));
        assert_eq!(number("1e18").floor(), None);
        for (text, places, floor) in
            [("1.5", 1, Some(15)), ("1.59", 1, Some(15)), ("-1.59", 1, Some(-16)), ("1e20", -3, Some(10_i64.pow(17))), ("-1", -9, Some(-1))]
        {
            assert_eq!(number(text).floor_of_shifted(places), floor, "{text}");
        }
        assert_eq!(number("1e12").floor_of_shifted(6), None);
        assert_eq!(number("0").floor_of_shifted(20), Some(0));
    }

    /// The oracle: value times 10^60 as sign and digits of fixed width.
    fn fixed(text: &str) -> (i8, String) {
        let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, 0), |(m, e)| (m, e.parse::<i32>().unwrap()));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let zeros = usize::try_from(60 + exponent - i32::try_from(fraction.len()).unwrap()).unwrap();
        let digits = format!("{:0>120}", format!("{whole}{fraction}{}", "0".repeat(zeros)));
        (if digits.bytes().all(|digit| digit == b'0') { 0 } else { sign }, digits)
    }

    fn oracle(left: &str, right: &str) -> Ordering {
        let ((left_sign, left), (right_sign, right)) = (fixed(left), fixed(right));
        left_sign.cmp(&right_sign).then(if left_sign < 0 { right.cmp(&left) } else { left.cmp(&right) })
    }

    const NUMBER: &str = "-?(0|[1-9][0-9]{0,5}|10{1,9})(\\.(0{0,9}|[0-9]{1,6})[0-9])?([eE][+-]?[0-9])?";

    proptest! {
        #[test]
        fn order_agrees_with_arithmetic_on_fixed_digits(left in NUMBER, right in NUMBER) {
            prop_assert_eq!(number(&left).cmp(&number(&right)), oracle(&left, &right), "{} {}", left, right);
        }

        #[test]
        fn canonical_form_has_the_same_value_and_is_unique(left in NUMBER, right in NUMBER) {
            let (canonical, other) = (number(&left).canonical().unwrap(), number(&right).canonical().unwrap());
            prop_assert_eq!(oracle(&left, &canonical), Ordering::Equal);
            prop_assert_eq!(canonical == other, oracle(&left, &right).is_eq());
        }

        #[test]
        fn grammar_is_that_of_the_json_parser(text in "[-+0-9.eE]{0,8}") {
            prop_assert_eq!(Number::parse(&text).is_some(), matches!(crate::json::parse(&text), Ok(crate::json::Json::Number(_))));
        }

        #[test]
        fn size_covers_every_pair_of_digits(text in NUMBER) {
            let significant = number(&text).count();
            prop_assert!(number(&text).size() > significant.div_ceil(2) || significant == 0);
        }
    }
}
