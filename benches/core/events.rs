//! A thousand documents, and events that carry them: one a record, in arrays, compressed, and aggregated by the KPL.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::Digest;
use serde_json::json;

pub const DOCUMENTS: usize = 1000;

/// Documents that a record holds, but for plain ones.
const A_RECORD: usize = 25;

/// A name, and how documents become the data of records.
type Kind = (&'static str, fn(&[String]) -> Vec<Vec<u8>>);

pub const KINDS: [Kind; 4] = [("plain", plain), ("array", array), ("gzip", gzip), ("KPL", kpl)];

/// An event of those data, as Lambda delivers it.
pub fn event(data: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<_> = data.iter().enumerate().map(|(number, data)| record(number, data)).collect();
    json!({"Records": records}).to_string().into_bytes()
}

fn record(number: usize, data: &[u8]) -> serde_json::Value {
    let sequence = format!("495903382714902566085596925383615710959215759{number:011}");
    json!({"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "key", "sequenceNumber": sequence, "data": STANDARD.encode(data),
                       "approximateArrivalTimestamp": 1_545_084_650.987},
           "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{sequence}"),
           "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/persist",
           "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/bench"})
}

fn plain(documents: &[String]) -> Vec<Vec<u8>> {
    documents.iter().map(|document| document.clone().into_bytes()).collect()
}

fn array(documents: &[String]) -> Vec<Vec<u8>> {
    documents.chunks(A_RECORD).map(|chunk| format!("[{}]", chunk.join(",")).into_bytes()).collect()
}

fn gzip(documents: &[String]) -> Vec<Vec<u8>> {
    let compressed = |text: Vec<u8>| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&text).unwrap();
        encoder.finish().unwrap()
    };
    array(documents).into_iter().map(compressed).collect()
}

fn kpl(documents: &[String]) -> Vec<Vec<u8>> {
    documents.chunks(A_RECORD).map(aggregate).collect()
}

/// A KPL aggregate of user records with one partition key.
fn aggregate(documents: &[String]) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2], varint(bytes.len()).as_slice(), bytes].concat();
    let mut message = field(1, b"key");
    for document in documents {
        let record = [&[1 << 3, 0], field(3, document.as_bytes()).as_slice()].concat();
        message.extend(field(3, &record));
    }
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
