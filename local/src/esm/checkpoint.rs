//! Where a stream's processing stands, to go on from there later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sequence::SequenceNumber;

/// A place in a shard. As JSON it is one entry under the name that Kinesis gives such a place, for instance
/// `{"AT_SEQUENCE_NUMBER":"495…"}` ("StartingPosition" in the Kinesis Data Streams API reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// This record is the first one that is not done. With several lanes, some behind it may be done; they are delivered again.
    #[serde(rename = "AT_SEQUENCE_NUMBER")]
    At(SequenceNumber),
    /// This record and all in front of it are done.
    #[serde(rename = "AFTER_SEQUENCE_NUMBER")]
    After(SequenceNumber),
}

impl Position {
    /// Whether a record is in front of this place, and so done.
    pub fn is_past(&self, sequence: &SequenceNumber) -> bool {
        match self {
            Position::At(first) => sequence < first,
            Position::After(last) => sequence <= last,
        }
    }
}

/// A place in each shard, by its id; a shard that is not named starts at its first record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checkpoint(pub BTreeMap<String, Position>);

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    #[test]
    fn a_checkpoint_survives_json() {
        let places = [("shard-0", Position::At(number("12"))), ("shard-1", Position::After(number("7")))];
        let checkpoint = Checkpoint(places.map(|(shard, position)| (shard.to_owned(), position)).into());
        let json = serde_json::to_string(&checkpoint).unwrap();
        assert_eq!(json, r#"{"shard-0":{"AT_SEQUENCE_NUMBER":"12"},"shard-1":{"AFTER_SEQUENCE_NUMBER":"7"}}"#);
        assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
    }

    #[test]
    fn records_in_front_of_a_place_are_past_by_their_number() {
        assert!(Position::At(number("10")).is_past(&number("9")));
        assert!(!Position::At(number("10")).is_past(&number("10")));
        assert!(Position::After(number("10")).is_past(&number("10")));
        assert!(!Position::After(number("10")).is_past(&number("11")));
        assert!(!Position::After(number("9")).is_past(&number("10")));
    }
}
