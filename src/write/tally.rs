//! What writing to the table took: calls, repeats, throttles by their reasons, capacity. Pure.

use std::collections::BTreeMap;

/// The account of the calls that write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Calls that were begun.
    pub calls: u32,
    /// Requests that had to be sent again.
    pub retries: u32,
    /// Answers that asked for fewer calls.
    pub throttles: u32,
    /// How many of those gave each reason; one may give several, or, with items left over in a good answer, none.
    pub reasons: BTreeMap<String, u32>,
    /// Write capacity units that answers name. An error names none.
    pub units: f64,
    /// The last fault that is neither a throttle nor a refusal, such as a connection that was lost.
    pub trouble: Option<String>,
}

impl Tally {
    /// Counts an answer that asked for fewer calls; its reasons do not repeat.
    pub fn throttled(&mut self, reasons: impl IntoIterator<Item = String>) {
        self.throttles += 1;
        for reason in reasons {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    /// How many throttles gave each reason.
    pub fn by_reason(&self) -> Vec<(String, u64)> {
        self.reasons.iter().map(|(reason, count)| (reason.clone(), u64::from(*count))).collect()
    }

    pub fn add(&mut self, other: &Tally) {
        self.calls += other.calls;
        self.retries += other.retries;
        self.throttles += other.throttles;
        self.units += other.units;
        self.trouble = other.trouble.clone().or(self.trouble.take());
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
    }
}
