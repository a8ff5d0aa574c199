//! Makes Kinesis events as Lambda delivers them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub const SOURCE: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/curated";
pub const SHARD: &str = "shardId-000000000000";

/// An event of one shard, built record by record.
#[derive(Default, Clone)]
pub struct Event {
    records: Vec<Value>,
}

impl Event {
    /// An event with one record for each of `data`.
    pub fn of(data: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Event {
        data.into_iter().fold(Event::default(), |event, data| event.record("key", data))
    }

    /// Adds a record with these bytes.
    pub fn record(self, partition_key: &str, data: impl AsRef<[u8]>) -> Event {
        self.encoded(partition_key, &STANDARD.encode(data))
    }

    /// Adds a record whose data are `text` as it stands.
    pub fn encoded(mut self, partition_key: &str, text: &str) -> Event {
        let sequence = sequence(self.records.len());
        self.records.push(json!({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": partition_key, "sequenceNumber": sequence, "data": text,
                        "approximateArrivalTimestamp": 1_545_084_650.987},
            "eventSource": "aws:kinesis", "eventID": format!("{SHARD}:{sequence}"), "eventSourceARN": SOURCE,
        }));
        self
    }

    /// The records from a position on, as they are delivered again.
    pub fn from(&self, position: usize) -> Event {
        Event { records: self.records[position..].to_vec() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        json!({"Records": self.records}).to_string().into_bytes()
    }
}

/// The sequence number of the record at a position.
pub fn sequence(position: usize) -> String {
    format!("495903382714902566085596925383615710959215759{position:011}")
}

/// A document that the built-in mapping `curated` takes.
pub fn curated(number: usize) -> String {
    json!({"bucket-name": "b", "s3-key": format!("waze/{number}"), "table-name": "alert", "state": "MD", "month": "01", "year": "2018",
           "num-records": "7", "is-historical": "False"})
    .to_string()
}
