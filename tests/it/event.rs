//! Makes Kinesis events as Lambda delivers them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest;
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
    pub fn encoded(self, partition_key: &str, text: &str) -> Event {
        let sequence = sequence(self.records.len());
        self.numbered(partition_key, &sequence, text)
    }

    /// Adds a record with this sequence number.
    pub fn at(self, sequence: &str, data: impl AsRef<[u8]>) -> Event {
        self.numbered("key", sequence, &STANDARD.encode(data))
    }

    fn numbered(mut self, partition_key: &str, sequence: &str, text: &str) -> Event {
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

    /// The first records.
    pub fn first(&self, count: usize) -> Event {
        Event { records: self.records[..count].to_vec() }
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

/// A KPL aggregate of user records, each with its partition key.
pub fn aggregate(user_records: &[(String, Vec<u8>)]) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2], varint(bytes.len()).as_slice(), bytes].concat();
    let keys = user_records.iter().map(|(key, _)| field(1, key.as_bytes()));
    let records = user_records.iter().enumerate().map(|(index, (_, data))| {
        let record = [&[1 << 3], varint(index).as_slice(), &field(3, data)].concat();
        field(3, &record)
    });
    let message: Vec<u8> = keys.chain(records).flatten().collect();
    let sum = md5::Md5::digest(&message);
    [&[0xf3, 0x89, 0x9a, 0xc2], message.as_slice(), &sum].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}
