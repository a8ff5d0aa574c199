//! Sequence numbers: decimal text in, an order by value out. Never turned into an integer: they run to 129 digits.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The most digits of a sequence number ("Record" in the Kinesis Data Streams API reference: `0|([1-9]\d{0,128})`).
pub const MAX_DIGITS: usize = 129;

/// The sequence number of a record in its shard. Compares as a number: `9` comes before `10`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SequenceNumber(String);

/// A text is not 1 to [`MAX_DIGITS`] decimal digits, or it starts with a zero that it does not need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a sequence number: write 1 to {MAX_DIGITS} decimal digits without leading zeros")]
pub struct NotASequenceNumber(String);

impl SequenceNumber {
    pub fn parse(text: &str) -> Result<SequenceNumber, NotASequenceNumber> {
        SequenceNumber::try_from(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SequenceNumber {
    type Error = NotASequenceNumber;

    fn try_from(text: String) -> Result<Self, NotASequenceNumber> {
        let digits = (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (text == "0" || !text.starts_with('0')) { Ok(SequenceNumber(text)) } else { Err(NotASequenceNumber(text)) }
    }
}

impl From<SequenceNumber> for String {
    fn from(number: SequenceNumber) -> String {
        number.0
    }
}

impl Ord for SequenceNumber {
    /// Without leading zeros, more digits are more; the same number of digits compares digit by digit.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    #[test]
    fn numbers_of_different_lengths_compare_by_value() {
        assert!(number("9") < number("10"));
        assert!(number("0") < number("1"));
        assert!(number(&"9".repeat(128)) < number(&format!("1{}", "0".repeat(128))));
        assert_eq!(number("10").cmp(&number("10")), Ordering::Equal);
    }

    #[test]
    fn only_digits_without_leading_zeros_up_to_the_limit_are_taken() {
        for text in ["", "-1", "+1", "1.0", " 1", "01", "00", "x", "١", &"1".repeat(130)] {
            assert!(SequenceNumber::parse(text).is_err(), "{text}");
        }
        assert!(SequenceNumber::parse(&"1".repeat(129)).is_ok());
    }

    #[test]
    fn as_json_it_is_text_and_checked_when_read() {
        assert_eq!(serde_json::to_string(&number("12")).unwrap(), "\"12\"");
        assert_eq!(serde_json::from_str::<SequenceNumber>("\"12\"").unwrap(), number("12"));
        assert!(serde_json::from_str::<SequenceNumber>("\"012\"").is_err());
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_integers(a in any::<u128>(), b in any::<u128>(), shift in 0u32..128) {
            let (a, b) = (a >> shift, b);
            prop_assert_eq!(number(&a.to_string()).cmp(&number(&b.to_string())), a.cmp(&b));
        }
    }
}
