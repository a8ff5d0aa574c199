//! One record, whichever stream it came from.

use std::borrow::Cow;
use std::fmt;

use crate::json::Json;
use crate::reason::Rejection;

/// One record of an event; as far as possible its parts are slices of the event's text.
#[derive(Debug, Clone)]
pub struct Record<'e> {
    /// The ARN of the stream or cluster; a name of our own where there is none.
    pub source: Cow<'e, str>,
    /// The shard's id, or topic and partition; empty if the event does not tell it.
    pub shard: Cow<'e, str>,
    /// Decimal digits, up to 129 of them; never compared as text. `None` if the record has no usable one.
    pub sequence: Option<Cow<'e, str>>,
    /// What tells where in the stream a record goes: the partition key of Kinesis, the key of Kafka. `None` if there is none, or
    /// none that is text.
    pub partition_key: Option<Cow<'e, str>>,
    /// Whether there is a key that is not text.
    pub key_is_binary: bool,
    /// In their order; names may repeat.
    pub headers: Vec<Header<'e>>,
    /// Seconds since 1970, exact, such as `1545084650.987`.
    pub arrival: Option<Cow<'e, str>>,
    pub data: Data<'e>,
    /// Why the record cannot be used, whatever its data are.
    pub spoilt: Option<Rejection>,
    /// The record as the event had it.
    pub raw: Raw<'e>,
}

/// JSON that is kept as it came.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'e> {
    Text(&'e str),
    Tree(&'e Json<'e>),
}

impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Text(text) => f.write_str(text),
            Raw::Tree(json) => json.fmt(f),
        }
    }
}

/// What a record carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'e> {
    Base64(Cow<'e, str>),
    /// Nothing, on purpose: what the record's key stands for is gone.
    Tombstone,
    /// Neither: every record should have one of them.
    Missing,
}

/// A header of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'e> {
    pub name: &'e str,
    /// `None` if it is null.
    pub value: Option<Vec<u8>>,
}

/// The string member `name` of an object.
pub(super) fn text<'e>(value: &'e Json<'e>, name: &str) -> Option<&'e str> {
    match value.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}
