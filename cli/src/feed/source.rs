//! What a file is called as a stream, and what its lines are called as records. Pure.
//!
//! A line's identity is its source and the byte at which it begins: the same at every delivery and in every run, and a file that grows keeps it.

use std::path::Path;

use tablefeed::json::{Json, parse};
use tablefeed_local::esm::{NotASequenceNumber, SequenceNumber};

use crate::exit::BadInput;

/// The one shard.
pub const SHARD: &str = "shardId-000000000000";
/// The longest name of a stream, and the longest partition key, in Kinesis.
const LONGEST_NAME: usize = 128;
const LONGEST_KEY: usize = 256;
/// Stands in front of the digits of an offset: a sequence number has no leading zeros, and all should be equally long.
const FIRST_DIGIT: char = '1';

/// The stream's name: as given, or the file's name with `_` for what a stream's name may not have.
pub fn name(given: Option<&str>, file: &Path) -> anyhow::Result<String> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    match given {
        Some(name) if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(legal) => Ok(name.to_owned()),
        Some(name) => Err(BadInput::error(format!("--source is {name:?}; it must be 1 to {LONGEST_NAME} of a-z, A-Z, 0-9, _ . -"))),
        None => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            Ok(name.chars().map(|letter| if legal(letter) { letter } else { '_' }).take(LONGEST_NAME).collect())
        }
    }
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}")
}

/// The sequence number of the line that begins at this byte: 21 digits.
pub fn sequence(offset: u64) -> Result<SequenceNumber, NotASequenceNumber> {
    SequenceNumber::parse(&format!("{FIRST_DIGIT}{offset:020}"))
}

/// The byte at which the line of a sequence number begins.
pub fn offset(sequence: &SequenceNumber) -> Option<u64> {
    sequence.as_str().strip_prefix(FIRST_DIGIT)?.parse().ok()
}

/// The line's partition key: its field, if it has that as a text or number that is not empty; otherwise where it begins.
pub fn partition_key(field: Option<&str>, offset: u64, line: &[u8]) -> String {
    let of_field = field.and_then(|field| {
        let document = parse(std::str::from_utf8(line).ok()?).ok()?;
        let text = match document.get(field)? {
            Json::String(text) => text.as_ref(),
            Json::Number(digits) => digits,
            _ => return None,
        };
        (!text.is_empty()).then(|| text.chars().take(LONGEST_KEY).collect())
    });
    of_field.unwrap_or_else(|| offset.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_its_name() {
        let of = |file: &str| name(None, Path::new(file)).unwrap();
        assert_eq!(of("data/2024-01 é.ndjson"), "2024-01__.ndjson");
        assert_eq!(of(&"x".repeat(200)).len(), 128);
        assert_eq!(name(Some("mine"), Path::new("x")).unwrap(), "mine");
        assert!(["", "a/b", &"x".repeat(129)].iter().all(|bad| name(Some(bad), Path::new("x")).is_err()));
    }

    #[test]
    fn sequence_numbers_are_equally_long_and_lead_back() {
        for start in [0, 9, 10, u64::MAX] {
            let sequence = sequence(start).unwrap();
            assert_eq!((sequence.as_str().len(), offset(&sequence)), (21, Some(start)));
        }
        assert!(sequence(9).unwrap() < sequence(10).unwrap());
    }

    #[test]
    fn a_partition_key_is_a_fields_text_or_the_offset() {
        let key = |line: &str| partition_key(Some("k"), 7, line.as_bytes());
        assert_eq!((key(r#"{"k":"a"}"#), key(r#"{"k":1.10}"#)), ("a".to_owned(), "1.10".to_owned()));
        for line in ["", "{", "[]", r#"{"k":""}"#, r#"{"k":null}"#, r#"{"j":"a"}"#] {
            assert_eq!(key(line), "7", "{line}");
        }
        assert_eq!(key(&format!(r#"{{"k":"{}"}}"#, "é".repeat(300))).chars().count(), 256);
        assert_eq!(partition_key(None, 7, br#"{"k":"a"}"#), "7");
    }
}
