//! Records that are delivered together, and how often they have been. Pure.

use std::time::Duration;

use super::answer::Verdict;
use super::event::Entry;
use super::source::EventSource;

/// A batch, or what is left of one. Its entries are in stream order, and there is at least one.
#[derive(Debug)]
pub(super) struct Batch {
    pub entries: Vec<Entry>,
    /// How often exactly this batch, or one that it is the rest of, was delivered; a part that bisecting made starts at zero.
    pub deliveries: u32,
    /// A batch that held these records was delivered before.
    pub redelivered: bool,
    pub last: Option<Invocation>,
}

/// The last invocation that a batch was in.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    pub request_id: String,
    /// It ended without a response.
    pub failed: bool,
}

impl Batch {
    pub fn new(entries: Vec<Entry>) -> Batch {
        Batch { entries, deliveries: 0, redelivered: false, last: None }
    }

    /// What is to be delivered of a batch that is not done, and, where bisecting split it, what comes behind that.
    ///
    /// An answer that names a record leaves the records from there on; one that does not leaves all of them. With `bisect` a batch is split:
    /// at the record that is named, otherwise in half. Splitting takes no attempts ("Retain discarded batch records for a Kinesis Data
    /// Streams event source in Lambda"). The AWS Lambda developer guide does not say the rest: a part has all attempts before it, a complete
    /// failure by response is split as a function error is, and where the first record is named there is nothing to split.
    pub fn left(mut self, verdict: Verdict, bisect: bool) -> (Batch, Option<Batch>) {
        self.redelivered = true;
        match verdict {
            Verdict::From(position) if position > 0 => {
                let deliveries = if bisect { 0 } else { self.deliveries };
                (Batch { deliveries, ..self.split_off(position) }, None)
            }
            Verdict::Failed if bisect && self.entries.len() > 1 => {
                let second = self.split_off(self.entries.len() / 2);
                (Batch { deliveries: 0, ..self }, Some(second))
            }
            _ => (self, None),
        }
    }

    fn split_off(&mut self, position: usize) -> Batch {
        Batch { entries: self.entries.split_off(position), deliveries: 0, redelivered: self.redelivered, last: self.last.clone() }
    }

    /// Takes out the records that are too old now.
    pub fn expire(&mut self, now: Duration, source: &EventSource) -> Option<Batch> {
        let old: Vec<Entry> = self.entries.extract_if(.., |entry| source.is_too_old(entry.arrival, now)).collect();
        (!old.is_empty()).then(|| Batch { entries: old, last: self.last.clone(), ..*self })
    }
}
