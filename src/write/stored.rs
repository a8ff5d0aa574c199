//! A letter read back from the queue: a message's body in, what is needed to handle its document again out. Pure.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::letter::Content;
use crate::decode::record::{Data, Record};

/// The most bytes that a letter's data may decompress to. What was put into a letter was part of a record, which is 10 MiB at most
/// ("Quotas and limits" of Kinesis Data Streams), or was decompressed from one; this leaves room for `MAX_DECOMPRESSED_BYTES` itself.
const MAX_DATA_BYTES: u64 = 1 << 30;

/// A letter, or a record that is to be handled again as if it had been one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetter {
    /// `None`: a record that had no letter, such as one that Lambda gave up on.
    pub id: Option<Uuid>,
    /// The reason's code.
    pub reason: String,
    pub error: String,
    pub source: String,
    pub shard: String,
    pub sequence: String,
    pub sub_sequence: u32,
    pub partition_key: Option<String>,
    /// Base64 decoded, in no order; names do not repeat.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Seconds since 1970, the digits as they came.
    pub arrival: Option<String>,
    pub batch_id: Option<String>,
    pub content: Content,
    /// `None`: they were too large, and are still where the record stood.
    pub data: Option<Vec<u8>>,
    /// Of a record that was read back from its stream: the one document that the letter is about.
    pub only: Option<u32>,
    /// How often it was redriven in vain.
    pub redrives: u32,
}

/// Why a message is no letter that can be redriven.
#[derive(Debug, thiserror::Error)]
pub enum NotALetter {
    #[error("the message is no letter of tablefeed: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the letter's id is no UUID")]
    Id,
    #[error("the letter has version {0}, which a newer tablefeed may understand")]
    Version(u32),
    #[error("the letter's data cannot be decoded: {0}")]
    Data(String),
}

/// The members of a letter's body that are needed.
#[derive(Deserialize)]
struct Body<'b> {
    version: u32,
    id: String,
    reason: String,
    error: String,
    source: String,
    shard: String,
    sequence: String,
    sub_sequence: u32,
    partition_key: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(borrow)]
    arrival: Option<&'b RawValue>,
    batch_id: Option<String>,
    content: Content,
    data_encoding: Option<String>,
    data: Option<String>,
    #[serde(default)]
    redrives: u32,
}

impl StoredLetter {
    /// Reads the body of a letter's message.
    pub fn parse(body: &str) -> Result<StoredLetter, NotALetter> {
        let body: Body<'_> = serde_json::from_str(body)?;
        if body.version != super::letter::VERSION {
            return Err(NotALetter::Version(body.version));
        }
        let header = |(name, value): (String, Option<String>)| Ok((name, value.map(|value| base64(&value)).transpose()?));
        Ok(StoredLetter {
            id: Some(Uuid::parse_str(&body.id).map_err(|_| NotALetter::Id)?),
            reason: body.reason,
            error: body.error,
            source: body.source,
            shard: body.shard,
            sequence: body.sequence,
            sub_sequence: body.sub_sequence,
            partition_key: body.partition_key,
            headers: body.headers.into_iter().map(header).collect::<Result<_, NotALetter>>()?,
            arrival: body.arrival.map(|digits| digits.get().to_owned()).filter(|digits| digits != "null"),
            batch_id: body.batch_id,
            content: body.content,
            data: body.data.map(|data| decoded(body.data_encoding.as_deref(), &data)).transpose()?,
            only: None,
            redrives: body.redrives,
        })
    }

    /// A record as if all of it had been sent as a letter. `None` if it has no sequence number or no data: it leads nowhere.
    pub fn of_record(record: &Record<'_>) -> Option<StoredLetter> {
        let (content, data) = match &record.data {
            Data::Base64(text) => match STANDARD.decode(text.as_bytes()) {
                Ok(data) => (Content::Record, data),
                Err(_) => (Content::Text, text.as_bytes().to_vec()),
            },
            Data::Tombstone => (Content::Tombstone, Vec::new()),
            Data::Missing => return None,
        };
        Some(StoredLetter {
            id: None,
            reason: String::new(),
            error: String::new(),
            source: record.source.to_string(),
            shard: record.shard.to_string(),
            sequence: record.sequence.as_deref()?.to_owned(),
            sub_sequence: 0,
            partition_key: record.partition_key.as_deref().map(str::to_owned),
            headers: record.headers.iter().map(|header| (header.name.to_owned(), header.value.clone())).collect(),
            arrival: record.arrival.as_deref().map(str::to_owned),
            batch_id: None,
            content,
            data: Some(data),
            only: None,
            redrives: 0,
        })
    }

    /// Orders letters as their documents stood: source, shard, sequence number by its value, sub-sequence number.
    pub fn place(&self) -> (&str, &str, usize, &str, u32) {
        let sequence = self.sequence.trim_start_matches('0');
        (&self.source, &self.shard, sequence.len(), sequence, self.sub_sequence)
    }
}

fn decoded(encoding: Option<&str>, data: &str) -> Result<Vec<u8>, NotALetter> {
    match encoding {
        Some("base64") => base64(data),
        Some("zstd+base64") => {
            let (packed, mut bytes) = (base64(data)?, Vec::new());
            let decoder = zstd::Decoder::new(packed.as_slice()).map(|decoder| decoder.take(MAX_DATA_BYTES));
            match decoder.and_then(|mut decoder| decoder.read_to_end(&mut bytes)) {
                Ok(_) if bytes.len() as u64 == MAX_DATA_BYTES => Err(NotALetter::Data(format!("they pass {MAX_DATA_BYTES} bytes"))),
                Ok(_) => Ok(bytes),
                Err(error) => Err(NotALetter::Data(error.to_string())),
            }
        }
        other => Err(NotALetter::Data(format!("unknown encoding {}", other.unwrap_or("null")))),
    }
}

fn base64(text: &str) -> Result<Vec<u8>, NotALetter> {
    STANDARD.decode(text).map_err(|error| NotALetter::Data(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::decode::record::{Header, Raw};
    use crate::mapping::Origin;
    use crate::reason::{Reason, Rejection};
    use crate::write::letter::{Letter, Past, Sender, Subject};

    fn letter(data: &[u8], redrives: u32) -> String {
        let headers = [Header { name: "h", value: Some(vec![255]) }, Header { name: "none", value: None }];
        let origin = Origin {
            namespace: uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4"),
            source: "arn",
            shard: "shard",
            sequence: "123",
            sub_sequence: 2,
            partition_key: Some("key"),
            key_is_binary: false,
            headers: &headers,
            arrival: Some("1545084650.9870"),
            batch: Some("b-1"),
        };
        let rejection = Rejection::new(Reason::BadJson, "why");
        let subject = Subject { origin: &origin, rejection: &rejection, content: Content::Document, past: Past { id: None, redrives } };
        Letter::new(&subject, Sender { request_id: "r", function: "f" }, data).body
    }

    #[test]
    fn a_letter_is_read_back_as_it_was_written() {
        for data in [&b"{\"a\":1}\x00\xff"[..], &b"{\"a\":1}".repeat(200_000)] {
            let stored = StoredLetter::parse(&letter(data, 3)).unwrap();
            assert_eq!(stored.data.as_deref(), Some(data));
            assert_eq!((stored.reason.as_str(), stored.error.as_str(), stored.redrives), ("bad_json", "why", 3));
            assert_eq!(stored.place(), ("arn", "shard", 3, "123", 2));
            assert_eq!((stored.partition_key.as_deref(), stored.arrival.as_deref()), (Some("key"), Some("1545084650.9870")));
            assert_eq!(stored.headers, [("h".to_owned(), Some(vec![255])), ("none".to_owned(), None)]);
        }
        assert_eq!(StoredLetter::parse(&letter(b"", 0)).unwrap().redrives, 0);
    }

    #[test]
    fn what_is_no_letter_is_told() {
        let error = |from: &str, to: &str| StoredLetter::parse(&letter(b"{}", 0).replace(from, to)).unwrap_err().to_string();
        assert!(StoredLetter::parse("{}").unwrap_err().to_string().contains("no letter of tablefeed"));
        assert!(error("\"version\":1", "\"version\":2").contains("version 2"));
        assert!(error("\"base64\"", "\"rot13\"").contains("unknown encoding rot13"));
        assert!(error("e30=", "e30").contains("cannot be decoded"));
    }

    #[test]
    fn a_record_that_lambda_gave_up_on_is_taken_whole_if_it_leads_anywhere() {
        let record = |sequence, data| Record {
            source: "arn".into(),
            shard: "shard".into(),
            sequence,
            partition_key: None,
            key_is_binary: false,
            headers: Vec::new(),
            arrival: None,
            data,
            spoilt: None,
            raw: Raw::Text(""),
        };
        let stored = |sequence: Option<&'static str>, data| {
            StoredLetter::of_record(&record(sequence.map(Cow::Borrowed), data)).map(|letter| (letter.content, letter.data.unwrap()))
        };
        assert_eq!(stored(Some("1"), Data::Base64("e30=".into())), Some((Content::Record, b"{}".to_vec())));
        assert_eq!(stored(Some("1"), Data::Base64("e30".into())), Some((Content::Text, b"e30".to_vec())));
        assert_eq!(stored(Some("1"), Data::Missing), None);
        assert_eq!(stored(None, Data::Base64("e30=".into())), None);
    }
}
