//! What is told about a subscription.

use serde::{Deserialize, Serialize};

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Created,
    Running,
    Paused,
    /// Ended by 410 Gone.
    Closed,
    Removed,
    /// Not delivering, and why stands beside it; under `hold` it runs again by itself.
    Error,
}

/// All that is told about one subscription.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    pub id: String,
    pub table_name: String,
    pub url: String,
    pub status: Status,
    pub error: Option<String>,
    /// `file` or `http`.
    pub origin: &'static str,
    /// Milliseconds since 1970.
    pub created: u64,
    /// Age of the oldest record that is read and not acknowledged, in milliseconds; 0 if there is none.
    pub lag_ms: u64,
    /// Records that are read and not acknowledged.
    pub lag_records: u64,
    /// Until the stream trims the oldest record that is not acknowledged, in milliseconds.
    pub time_to_trim_ms: Option<u64>,
    /// Of the last acknowledged record.
    pub last_sequence: Option<String>,
    /// In vain, since the last success.
    pub attempts: u32,
    pub last_error: Option<String>,
    pub counts: Counts,
    /// Data that the stream trimmed before they were read; the newest, last.
    pub gaps: Vec<Gap>,
    /// How many older gaps are no longer listed.
    pub gaps_forgotten: u64,
}

/// Since the process started.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Counts {
    pub read: u64,
    pub delivered: u64,
    /// Left out by `filter` or `events`.
    pub filtered: u64,
    /// POSTs that were sent again.
    pub retried: u64,
    pub letters: u64,
}

/// Records that were trimmed before they were read: those of a shard after `after` and before `before`. There may have been none: the
/// stream does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The ARN of the stream.
    pub stream: String,
    /// With one that was not read at all, those before it are lost that no listing had. Empty: all that was left of the stream, and
    /// the streams after it, up to the stream `before`.
    pub shard: String,
    /// The last record that was read before it; `None`: it begins with the shard.
    pub after: Option<String>,
    /// The first record that was read after it; `None` if none was, yet.
    pub before: Option<String>,
}
