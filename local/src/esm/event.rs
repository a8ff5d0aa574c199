//! Events as Lambda delivers them: a stream's record in, its JSON out, once; events are joined from such texts.
//!
//! The shape of a Kinesis stream's is that of "Using Lambda to process records from Amazon Kinesis Data Streams" in the AWS Lambda developer
//! guide; a record of a DynamoDB stream is given as it is delivered.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::sequence::SequenceNumber;

const BEGIN: &str = "{\"Records\":[";
const END: &str = "]}";

/// A record as it stands in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub sequence: SequenceNumber,
    pub partition_key: String,
    pub data: Vec<u8>,
    /// When the stream took it, since the Unix epoch. It is not delivered before.
    pub arrival: Duration,
}

/// A record as it stands in a shard of a DynamoDB stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecord {
    pub sequence: SequenceNumber,
    /// The item's key, in any form that is the same for the same item.
    pub key: String,
    /// The record as Lambda delivers it: a JSON object with a `dynamodb.SequenceNumber`.
    pub json: String,
    /// When the item changed, since the Unix epoch. It is not delivered before.
    pub arrival: Duration,
}

/// A record ready to be delivered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub sequence: SequenceNumber,
    pub arrival: Duration,
    /// When it can be read from the shard: not before the records in front of it, whatever their arrival times say.
    pub readable: Duration,
    /// Its place in an event's `Records`.
    pub json: String,
}

/// What a record says in an event besides what is its own.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub stream_arn: &'a str,
    pub shard: &'a str,
}

impl Entry {
    pub fn of_change(record: &ChangeRecord, readable: Duration) -> Entry {
        let ChangeRecord { sequence, json, arrival, .. } = record.clone();
        Entry { sequence, arrival, readable: readable.max(arrival), json }
    }

    pub fn new(record: &Record, readable: Duration, origin: &Origin<'_>) -> Entry {
        let Origin { stream_arn, shard } = origin;
        let part = |index| stream_arn.split(':').nth(index).filter(|part| !part.is_empty());
        let json = json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key,
                "sequenceNumber": record.sequence,
                "data": STANDARD.encode(&record.data),
                "approximateArrivalTimestamp": record.arrival.as_secs_f64(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("{shard}:{}", record.sequence),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": format!("arn:aws:iam::{}:role/lambda-role", part(4).unwrap_or(crate::ACCOUNT)),
            "awsRegion": part(3).unwrap_or(crate::REGION),
            "eventSourceARN": stream_arn,
        });
        Entry { sequence: record.sequence.clone(), arrival: record.arrival, readable: readable.max(record.arrival), json: json.to_string() }
    }
}

/// How many of the first entries make a batch: at most `count` of them, in an event of at most `bytes`. At least one, if there is any:
/// a record that is too large by itself goes alone.
pub(super) fn fitting<'e>(entries: impl Iterator<Item = &'e Entry>, count: usize, bytes: usize) -> usize {
    let mut size = BEGIN.len() + END.len();
    let fits = |(index, entry): &(usize, &Entry)| {
        size += entry.json.len() + usize::from(*index > 0);
        *index == 0 || size <= bytes
    };
    entries.take(count).enumerate().take_while(fits).count()
}

/// The event that delivers these entries, as JSON text.
pub(super) fn event(entries: &[Entry]) -> String {
    let size = BEGIN.len() + END.len() + entries.iter().map(|entry| entry.json.len() + 1).sum::<usize>();
    let mut event = String::with_capacity(size);
    event.push_str(BEGIN);
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            event.push(',');
        }
        event.push_str(&entry.json);
    }
    event.push_str(END);
    event
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/curated";
    const ORIGIN: Origin<'_> = Origin { stream_arn: STREAM, shard: "shardId-000000000006" };

    fn record(sequence: &str, arrival_millis: u64) -> Record {
        let sequence = SequenceNumber::parse(sequence).unwrap();
        Record { sequence, partition_key: "k\"ey".to_owned(), data: b"Hello".to_vec(), arrival: Duration::from_millis(arrival_millis) }
    }

    fn entry(sequence: &str) -> Entry {
        Entry::new(&record(sequence, 0), Duration::ZERO, &ORIGIN)
    }

    #[test]
    fn a_record_looks_as_lambda_delivers_it() {
        let entry =
            Entry::new(&record("49590338271490256608559692538361571095921575989136588898", 1_545_084_650_987), Duration::ZERO, &ORIGIN);
        let event: Value = serde_json::from_str(&event(&[entry])).unwrap();
        let expected = json!({"Records": [{
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "k\"ey",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8=",
                "approximateArrivalTimestamp": 1_545_084_650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "eu-west-1",
            "eventSourceARN": STREAM,
        }]});
        assert_eq!(event, expected);
    }

    #[test]
    fn arrival_times_are_seconds_with_a_fraction_and_nothing_added() {
        let json = |millis| Entry::new(&record("1", millis), Duration::ZERO, &ORIGIN).json;
        assert!(json(1_545_084_650_987).contains("\"approximateArrivalTimestamp\":1545084650.987"));
        assert!(json(1_545_084_650_980).contains("\"approximateArrivalTimestamp\":1545084650.98"));
        assert!(json(1_428_537_600_000).contains("\"approximateArrivalTimestamp\":1428537600.0"));
    }

    #[test]
    fn an_arn_without_region_and_account_is_taken() {
        let origin = Origin { stream_arn: "arn:aws:kinesis:EXAMPLE", ..ORIGIN };
        let event: Value = serde_json::from_str(&Entry::new(&record("1", 0), Duration::ZERO, &origin).json).unwrap();
        assert_eq!(event["awsRegion"], "EXAMPLE");
        assert_eq!(event["eventSourceARN"], "arn:aws:kinesis:EXAMPLE");
    }

    #[test]
    fn a_batch_ends_at_its_count_or_where_the_event_would_be_too_large() {
        let entries: Vec<Entry> = ["1", "2", "3"].map(entry).into();
        let size = event(&entries).len();
        assert_eq!(fitting(entries.iter(), 10, size), 3);
        assert_eq!(fitting(entries.iter(), 10, size - 1), 2);
        assert_eq!(fitting(entries.iter(), 2, size), 2);
        assert_eq!(fitting(entries.iter(), 10, 1), 1);
        assert_eq!(fitting([].iter(), 10, size), 0);
    }

    #[test]
    fn a_record_is_readable_after_those_in_front_of_it() {
        let late = Duration::from_secs(9);
        assert_eq!(Entry::new(&record("1", 1000), late, &ORIGIN).readable, late);
        assert_eq!(Entry::new(&record("1", 10_000), late, &ORIGIN).readable, Duration::from_secs(10));
    }
}
