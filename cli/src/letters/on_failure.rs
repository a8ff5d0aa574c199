//! What Lambda leaves of records that it gave up: JSON text in, [`OnFailure`] out. Pure.
//!
//! A queue gets where the records stand in their stream, a bucket also the event that held them ("Retain discarded batch records for a
//! Kinesis Data Streams event source in Lambda" in the AWS Lambda developer guide).

use std::cell::OnceCell;

use aws_sdk_kinesis::types::Record;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tablefeed::decode::event;
use tablefeed::write::letter::Content;
use tablefeed::write::stored::StoredLetter;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFailure {
    /// Why they were given up, such as `RetryAttemptsExhausted`.
    pub condition: String,
    pub records: Records,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// The event's JSON text.
    Event(String),
    /// To be read from the stream.
    Range(Range),
}

/// Records of one shard, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct Range {
    #[serde(rename(deserialize = "streamArn", serialize = "stream"))]
    pub stream: String,
    #[serde(rename(deserialize = "shardId", serialize = "shard"))]
    pub shard: String,
    #[serde(rename(deserialize = "startSequenceNumber", serialize = "from"))]
    pub start: String,
    #[serde(rename(deserialize = "endSequenceNumber", serialize = "to"))]
    pub end: String,
}

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(rename = "requestContext")]
    context: Context,
    #[serde(rename = "KinesisBatchInfo")]
    batch: Option<Range>,
    #[serde(borrow)]
    payload: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Context {
    condition: String,
}

impl OnFailure {
    /// `None` if it is something else.
    pub fn parse(body: &str) -> Option<OnFailure> {
        let Body { context: Context { condition }, batch, payload } = serde_json::from_str(body).ok()?;
        let payload = payload.map(RawValue::get).filter(|text| *text != "null");
        let records = match payload {
            // As text inside the JSON, or as JSON itself.
            Some(text) => Records::Event(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
            None => Records::Range(batch?),
        };
        Some(OnFailure { condition, records })
    }
}

impl Range {
    /// A record of the range, as if it had been a letter.
    pub fn letter(&self, record: Record) -> StoredLetter {
        let arrival = record.approximate_arrival_timestamp.map(|at| format!("{}.{:03}", at.secs(), at.subsec_nanos() / 1_000_000));
        StoredLetter {
            id: None,
            reason: String::new(),
            error: String::new(),
            source: self.stream.clone(),
            shard: self.shard.clone(),
            sequence: record.sequence_number,
            sub_sequence: 0,
            partition_key: record.partition_key,
            arrival,
            batch_id: None,
            headers: Vec::new(),
            content: Content::Record,
            data: Some(record.data.into_inner()),
            only: None,
            redrives: 0,
        }
    }
}

/// The records of an event, as if each had been a letter; and how many more are incomplete.
pub fn letters_of_event(event: &str) -> Result<(Vec<StoredLetter>, usize), String> {
    let tree = OnceCell::new();
    let (_, records) = event::records(event.as_bytes(), &tree).map_err(|error| error.to_string())?;
    let letters: Vec<StoredLetter> = records.iter().filter_map(StoredLetter::of_record).collect();
    let incomplete = records.len() - letters.len();
    Ok((letters, incomplete))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUED: &str = r#"{"requestContext":{"requestId":"r","functionArn":"f","condition":"RecordAgeExceeded","approximateInvokeCount":1},
        "responseContext":null,"version":"1.0","timestamp":"t","KinesisBatchInfo":{"shardId":"shardId-0","startSequenceNumber":"9",
        "endSequenceNumber":"10","batchSize":2,"streamArn":"arn:aws:kinesis:us-east-1:1:stream/s"}}"#;

    #[test]
    fn a_queue_has_the_range_and_a_bucket_the_event() {
        let queued = OnFailure::parse(QUEUED).unwrap();
        let range = Range {
            stream: "arn:aws:kinesis:us-east-1:1:stream/s".to_owned(),
            shard: "shardId-0".to_owned(),
            start: "9".to_owned(),
            end: "10".to_owned(),
        };
        assert_eq!(queued, OnFailure { condition: "RecordAgeExceeded".to_owned(), records: Records::Range(range) });
        for payload in [r#""{\"Records\":[]}""#, r#"{"Records":[]}"#] {
            let stored = QUEUED.replace(r#""version""#, &format!(r#""payload":{payload},"version""#));
            assert_eq!(OnFailure::parse(&stored).unwrap().records, Records::Event(r#"{"Records":[]}"#.to_owned()));
        }
        assert_eq!(OnFailure::parse("{}"), None);
    }

    #[test]
    fn every_record_of_an_event_is_redriven() {
        let event = r#"{"Records":[{"eventSource":"aws:kinesis","eventID":"s:7","eventSourceARN":"a",
            "kinesis":{"sequenceNumber":"7","partitionKey":"p","data":"e30="}},{}]}"#;
        let (letters, incomplete) = letters_of_event(event).unwrap();
        assert_eq!((letters.len(), incomplete, letters[0].sequence.as_str(), letters[0].data.as_deref()), (1, 1, "7", Some(&b"{}"[..])));
        assert!(letters_of_event("{}").is_err());
    }
}
