//! A subscription: a table's changes delivered to a URL. What is declared, and what is known of it besides.

mod parse;
mod reader;
mod secret;
mod value;

pub use parse::FieldError;
pub use secret::BadSecret;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::change::EventName;

/// What a file's entry or an HTTP request asks for, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    pub table_name: String,
    pub url: String,
    pub start: Start,
    pub batch: Batch,
    pub on_failure: OnFailure,
    /// For one try.
    pub timeout: Duration,
    /// Signing secrets (`whsec_…`), the newest first; each signs.
    pub secrets: Vec<Secret>,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// The text of a pattern, in the language of Lambda event filters, over the record as it is delivered.
    pub filter: Option<String>,
    /// Which kinds of change are delivered; all, if empty.
    pub events: Vec<EventName>,
    pub images: Images,
}

/// From where a subscription without checkpoints reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// From the moment of its creation.
    Latest,
    /// All that the stream still holds.
    TrimHorizon,
    /// What changed at or after this time, in milliseconds since 1970.
    At(u64),
}

/// How records are put together; a batch is sent when one of them is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    pub max_records: usize,
    pub max_bytes: usize,
    pub max_wait: Duration,
}

/// What becomes of records that a URL does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    /// They are tried again until they are taken.
    Hold,
    /// After so many attempts the refused record is found by bisection, becomes a letter, and delivery goes on.
    DeadLetter { max_attempts: u32, to: Letters },
}

/// Where letters go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    /// A line each, appended and synced.
    File(PathBuf),
    /// The URL of an SQS queue.
    Queue(String),
}

/// Which images of an item are delivered, of those that the stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    Both,
    New,
    Old,
    KeysOnly,
}

/// A signing secret; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Who asked for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The file: trusted, and gone when the file no longer has it.
    File,
    /// HTTP: its URL is guarded, and it survives a restart.
    Http,
}
