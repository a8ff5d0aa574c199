//! A letter read back: a message's body in, [`StoredLetter`] out. A stand-in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::letter::Content;
use crate::decode::record::{Data, Record};
use crate::json::{Json, parse};

/// A letter read back, or a record to be redriven as if it had been one.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredLetter {
    pub id: Option<Uuid>,
    pub reason: String,
    pub error: String,
    pub source: String,
    pub shard: String,
    pub sequence: String,
    pub sub_sequence: u32,
    pub partition_key: Option<String>,
    pub arrival: Option<String>,
    pub batch_id: Option<String>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub content: Content,
    pub data: Option<Vec<u8>>,
    pub only: Option<u32>,
    pub redrives: u32,
}

/// Why a message is no letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is no letter: {0}")]
pub struct NotALetter(String);

impl StoredLetter {
    pub fn parse(body: &str) -> Result<StoredLetter, NotALetter> {
        let bad = |what: &str| NotALetter(what.to_owned());
        let json = parse(body).map_err(|error| NotALetter(format!("its body is not JSON: {error}")))?;
        let text = |name: &str| match json.get(name) {
            Some(Json::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let number = |name: &str| match json.get(name) {
            Some(Json::Number(digits)) => Some((*digits).to_string()),
            _ => None,
        };
        let content = match text("content").as_deref() {
            Some("document") => Content::Document,
            Some("record") => Content::Record,
            Some("user_record") => Content::UserRecord,
            Some("text") => Content::Text,
            Some("event_record") => Content::EventRecord,
            Some("tombstone") => Content::Tombstone,
            _ => return Err(bad("it has no content")),
        };
        let data = match (text("data"), text("data_encoding").as_deref()) {
            (None, _) => None,
            (Some(data), Some(encoding)) => {
                let bytes = STANDARD.decode(data).map_err(|_| bad("its data is not base64"))?;
                let packed = encoding == "zstd+base64";
                Some(if packed { zstd::decode_all(&bytes[..]).map_err(|_| bad("its data is not zstd"))? } else { bytes })
            }
            _ => return Err(bad("its data has no encoding")),
        };
        Ok(StoredLetter {
            id: Some(text("id").and_then(|id| id.parse().ok()).ok_or_else(|| bad("it has no id"))?),
            reason: text("reason").ok_or_else(|| bad("it has no reason"))?,
            error: text("error").unwrap_or_default(),
            source: text("source").unwrap_or_default(),
            shard: text("shard").unwrap_or_default(),
            sequence: text("sequence").unwrap_or_default(),
            sub_sequence: number("sub_sequence").and_then(|digits| digits.parse().ok()).unwrap_or(0),
            partition_key: text("partition_key"),
            arrival: number("arrival"),
            batch_id: text("batch_id"),
            headers: Vec::new(),
            content,
            data,
            only: None,
            redrives: number("redrives").and_then(|digits| digits.parse().ok()).unwrap_or(0),
        })
    }

    pub fn of_record(record: &Record<'_>) -> StoredLetter {
        StoredLetter {
            id: None,
            reason: String::new(),
            error: String::new(),
            source: record.source.to_owned(),
            shard: record.shard.to_owned(),
            sequence: record.sequence.unwrap_or_default().to_owned(),
            sub_sequence: 0,
            partition_key: record.partition_key.as_deref().map(str::to_owned),
            arrival: record.arrival.as_deref().map(str::to_owned),
            batch_id: None,
            headers: Vec::new(),
            content: Content::Record,
            data: match record.data {
                Data::Base64(data) => STANDARD.decode(data).ok(),
                Data::Tombstone | Data::Missing => None,
            },
            only: None,
            redrives: 0,
        }
    }
}
