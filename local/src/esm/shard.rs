//! One shard: its lanes, and how far they have come together. Pure.

use std::time::Duration;

use md5::{Digest as _, Md5};

use super::checkpoint::Position;
use super::event::{ChangeRecord, Entry, Origin, Record};
use super::lane::Lane;
use super::sequence::SequenceNumber;
use super::source::EventSource;

#[derive(Debug)]
pub(super) struct Shard {
    pub id: String,
    pub lanes: Vec<Lane>,
    /// Where an earlier run left off.
    resumed: Option<Position>,
    /// The last record added.
    last: Option<SequenceNumber>,
    /// When that one can be read.
    readable: Duration,
}

/// A record does not stand behind the one before it in its shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} of {shard} comes after {last}: add a shard's records in ascending order of their sequence numbers")]
pub struct OutOfOrder {
    pub shard: String,
    pub sequence: SequenceNumber,
    pub last: SequenceNumber,
}

impl Shard {
    pub fn new(id: &str, source: &EventSource, resumed: Option<Position>) -> Shard {
        let lanes = (0..source.parallelization_factor).map(|_| Lane::default()).collect();
        Shard { id: id.to_owned(), lanes, resumed, last: None, readable: Duration::ZERO }
    }

    /// Adds a record behind those there are; one that an earlier run has done is passed over.
    pub fn push(&mut self, record: &Record, source: &EventSource) -> Result<(), OutOfOrder> {
        if self.is_new(&record.sequence)? {
            let entry = Entry::new(record, self.readable, &Origin { stream_arn: &source.stream_arn, shard: &self.id });
            self.add(entry, &record.partition_key);
        }
        Ok(())
    }

    /// The same for a record of a DynamoDB stream, whose lane is its item's.
    pub fn push_change(&mut self, record: &ChangeRecord) -> Result<(), OutOfOrder> {
        if self.is_new(&record.sequence)? {
            self.add(Entry::of_change(record, self.readable), &record.key);
        }
        Ok(())
    }

    /// Whether the next record is to be delivered.
    fn is_new(&mut self, sequence: &SequenceNumber) -> Result<bool, OutOfOrder> {
        if let Some(last) = self.last.as_ref().filter(|&last| last >= sequence) {
            return Err(OutOfOrder { shard: self.id.clone(), sequence: sequence.clone(), last: last.clone() });
        }
        self.last = Some(sequence.clone());
        Ok(!self.resumed.as_ref().is_some_and(|position| position.is_past(sequence)))
    }

    fn add(&mut self, entry: Entry, key: &str) {
        self.readable = entry.readable;
        let lane = lane_of(key, self.lanes.len());
        self.lanes[lane].push(entry);
    }

    /// The first record that is not done, otherwise the last one that is; `None` for a shard that nothing is known of.
    pub fn position(&self) -> Option<Position> {
        let unfinished = self.lanes.iter().filter_map(Lane::first_unfinished).min();
        let done = || self.last.clone().filter(|last| self.resumed.as_ref().is_none_or(|position| !position.is_past(last)));
        match unfinished {
            Some(first) => Some(Position::At(first.clone())),
            None => done().map(Position::After).or_else(|| self.resumed.clone()),
        }
    }
}

/// The lane of a key: its MD5, with which Kinesis chooses the shard too, divided among the lanes.
fn lane_of(partition_key: &str, lanes: usize) -> usize {
    let mut remainder = 0;
    for byte in Md5::digest(partition_key.as_bytes()) {
        remainder = (remainder * 256 + usize::from(byte)) % lanes.max(1);
    }
    remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    fn record(sequence: &str) -> Record {
        Record { sequence: number(sequence), partition_key: "key".to_owned(), data: Vec::new(), arrival: Duration::ZERO }
    }

    #[test]
    fn a_key_keeps_its_lane_and_keys_spread_over_all_lanes() {
        assert!((0..10).all(|_| lane_of("key", 10) == lane_of("key", 10)));
        let used: std::collections::BTreeSet<usize> = (0..200).map(|key| lane_of(&key.to_string(), 10)).collect();
        assert_eq!(used.len(), 10);
        assert_eq!(lane_of("key", 1), 0);
    }

    #[test]
    fn records_are_added_in_the_order_of_their_numbers() {
        let source = EventSource::new("stream", "function");
        let mut shard = Shard::new("shard-0", &source, None);
        assert_eq!(shard.push(&record("9"), &source), Ok(()));
        assert_eq!(shard.push(&record("10"), &source), Ok(()));
        let refused = OutOfOrder { shard: "shard-0".to_owned(), sequence: number("10"), last: number("10") };
        assert_eq!(shard.push(&record("10"), &source), Err(refused));
        assert!(shard.push(&record("9"), &source).is_err());
    }

    #[test]
    fn a_resumed_shard_never_falls_back() {
        let source = EventSource::new("stream", "function");
        for resumed in [Position::At(number("10")), Position::After(number("9"))] {
            let mut shard = Shard::new("shard-0", &source, Some(resumed.clone()));
            assert_eq!(shard.position(), Some(resumed.clone()));
            shard.push(&record("8"), &source).unwrap();
            shard.push(&record("9"), &source).unwrap();
            assert_eq!(shard.position(), Some(resumed));
            shard.push(&record("10"), &source).unwrap();
            assert_eq!(shard.position(), Some(Position::At(number("10"))));
        }
    }
}
