//! A deployment as it was read: plain values, each with the reason if there is none.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tablefeed::parameter::Parameter;
use tablefeed::settings::{Problem, Settings};
use tablefeed::table::Definition;

/// A part of a deployment.
pub type Seen<T> = Result<T, Unseen>;

/// Why there is nothing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// It was looked for, and is not there. One check tells so; the others have nothing to say.
    Absent,
    /// This deployment has no such part, and needs none.
    NotPart,
    /// It could not be read, and why.
    Failed(String),
}

#[derive(Debug)]
pub struct Deployment {
    pub function: Seen<Function>,
    /// What the function would name at its start, and stop.
    pub problems: Vec<Problem>,
    /// Without those of `problems`, so that the rest can be looked at.
    pub settings: Seen<Settings>,
    /// The Kinesis streams that feed the function.
    pub feeds: Seen<Vec<Feed>>,
    pub table: Seen<Definition>,
    pub queue: Seen<Queue>,
    pub parameter: Seen<Parameter>,
    pub now: SystemTime,
    /// How old a batch id may be.
    pub stale_after: Duration,
    /// How the AWS CLI is called here.
    pub aws: String,
    /// The options that lead this program to the same place.
    pub again: String,
}

#[derive(Debug, Clone, Default)]
pub struct Function {
    pub name: String,
    pub timeout_seconds: u64,
    pub memory_mib: u64,
    pub variables: BTreeMap<String, String>,
}

/// One event source mapping, and its stream.
#[derive(Debug, Clone)]
pub struct Feed {
    pub id: String,
    pub state: String,
    pub last_result: Option<String>,
    pub batch_size: u64,
    pub window_seconds: u64,
    pub parallelization: u64,
    /// Whether the function's checkpoint is heeded.
    pub reports: bool,
    /// `None`: for ever.
    pub attempts: Option<u64>,
    /// `None`: for ever.
    pub max_age_seconds: Option<u64>,
    /// The ARN of the destination on failure.
    pub destination: Option<String>,
    pub stream_name: String,
    pub stream: Seen<Stream>,
    /// Records of the stream that event filters for `data` judge; [`Unseen::NotPart`] without such a filter.
    pub sample: Seen<Sample>,
}

#[derive(Debug, Clone, Copy)]
pub struct Stream {
    pub retention_hours: u64,
    pub shards: u64,
    pub max_record_kib: u64,
}

/// Some records of a stream, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    pub records: u64,
    pub compressed: u64,
    /// By the Kinesis Producer Library.
    pub aggregated: u64,
    /// Neither, but no JSON.
    pub other: u64,
}

#[derive(Debug, Clone)]
pub struct Queue {
    pub url: String,
    /// `None` if the server does not say.
    pub max_message_bytes: Option<u64>,
    pub retention_seconds: Option<u64>,
}

impl Deployment {
    pub fn function(&self) -> Seen<&Function> {
        self.function.as_ref().map_err(Unseen::clone)
    }

    pub fn settings(&self) -> Seen<&Settings> {
        self.settings.as_ref().map_err(Unseen::clone)
    }

    pub fn feeds(&self) -> Seen<&[Feed]> {
        self.feeds.as_deref().map_err(Unseen::clone)
    }

    pub fn table(&self) -> Seen<&Definition> {
        self.table.as_ref().map_err(Unseen::clone)
    }

    pub fn queue(&self) -> Seen<&Queue> {
        self.queue.as_ref().map_err(Unseen::clone)
    }

    pub fn parameter(&self) -> Seen<&Parameter> {
        self.parameter.as_ref().map_err(Unseen::clone)
    }
}

impl Feed {
    pub fn stream(&self) -> Seen<&Stream> {
        self.stream.as_ref().map_err(Unseen::clone)
    }
}
