//! A number of records in, the text of a Kinesis event of so many curated records out, each of them another. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The event as Lambda delivers it; its records are like those of `events/curated.json`.
pub fn of(records: usize) -> Vec<u8> {
    let records: Vec<_> = (0..records).map(record).collect();
    json!({"Records": records}).to_string().into_bytes()
}

fn record(number: usize) -> serde_json::Value {
    let document = json!({"bucket-name": "example-curated", "s3-key": format!("waze/state=MD/type=alert/2018/01/{number:04}.json.gz"),
                          "table-name": "alert", "state": "MD", "month": "01", "year": "2018", "num-records": number.to_string(),
                          "is-historical": "False"});
    let sequence = format!("495903382714902566085596925383615710959215759{number:011}");
    json!({"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": format!("key-{}", number % 3), "sequenceNumber": sequence,
                       "data": STANDARD.encode(document.to_string()), "approximateArrivalTimestamp": 1_545_084_650.987},
           "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{sequence}"),
           "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/tablefeed-persist",
           "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/curated"})
}
