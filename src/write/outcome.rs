//! What became of each document, and the count of it. Outcomes add up to the documents seen.

use std::collections::BTreeMap;

use crate::reason::Reason;

/// The one end of a document in an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Persisted,
    /// A later document for the same key was persisted.
    Superseded,
    /// No mapping wants it.
    Filtered,
    /// Left out on purpose.
    Skipped,
    /// A letter: `PERSIST_RECORDS` items were admitted before it.
    OverLimit,
    /// A letter: unfit, found before any request.
    Rejected,
    /// A letter after a request.
    Failed,
    /// Unfinished; it is delivered again.
    Retry,
}

impl Outcome {
    pub const ALL: [Outcome; 8] = [
        Outcome::Persisted,
        Outcome::Superseded,
        Outcome::Filtered,
        Outcome::Skipped,
        Outcome::OverLimit,
        Outcome::Rejected,
        Outcome::Failed,
        Outcome::Retry,
    ];

    /// The name in log lines and summaries.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Persisted => "persisted",
            Outcome::Superseded => "superseded",
            Outcome::Filtered => "filtered",
            Outcome::Skipped => "skipped",
            Outcome::OverLimit => "over_limit",
            Outcome::Rejected => "rejected",
            Outcome::Failed => "failed",
            Outcome::Retry => "retry",
        }
    }

    /// The outcome of a document whose letter was accepted.
    pub fn of_letter(reason: Reason) -> Outcome {
        match reason {
            Reason::OverLimit => Outcome::OverLimit,
            Reason::RefusedByTable | Reason::WriteFailed => Outcome::Failed,
            _ => Outcome::Rejected,
        }
    }
}

/// How many documents came to each outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Outcome, u64>);

impl Counts {
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or(0)
    }

    /// All documents seen.
    pub fn documents(&self) -> u64 {
        self.0.values().sum()
    }
}

impl FromIterator<Outcome> for Counts {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let mut counts = Counts::default();
        for outcome in outcomes {
            *counts.0.entry(outcome).or_default() += 1;
        }
        counts
    }
}
