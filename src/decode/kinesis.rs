//! A Kinesis event as Lambda delivers it: JSON in, [`Record`]s out.
//!
//! Tolerant by design: whatever is missing or odd in one record spoils that record alone. The shape is that of the AWS Lambda
//! developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams".

use std::borrow::Cow;

use super::record::{Data, Record, text};
use crate::json::Json;

/// The records of a Kinesis event; `None` if it is no such event.
pub(super) fn records<'e>(event: &'e Json<'e>) -> Option<Vec<Record<'e>>> {
    match event.get("Records") {
        Some(Json::Array(records)) if records.is_empty() || records.iter().any(is_kinesis) => Some(records.iter().map(record).collect()),
        _ => None,
    }
}

fn is_kinesis(record: &Json<'_>) -> bool {
    matches!(record.get("kinesis"), Some(Json::Object(_))) || text(record, "eventSource") == Some("aws:kinesis")
}

fn record<'e>(raw: &'e Json<'e>) -> Record<'e> {
    let kinesis = raw.get("kinesis").unwrap_or(&Json::Null);
    let digits = |sequence: &&str| !sequence.is_empty() && sequence.bytes().all(|byte| byte.is_ascii_digit());
    Record {
        source: text(raw, "eventSourceARN").unwrap_or_default(),
        shard: text(raw, "eventID").and_then(|id| id.rsplit_once(':')).map_or("", |(shard, _)| shard),
        sequence: text(kinesis, "sequenceNumber").filter(digits),
        partition_key: text(kinesis, "partitionKey").map(Cow::Borrowed),
        key_is_binary: false,
        headers: Vec::new(),
        arrival: match kinesis.get("approximateArrivalTimestamp") {
            Some(Json::Number(digits)) => Some(Cow::Borrowed(digits)),
            _ => None,
        },
        data: text(kinesis, "data").map_or(Data::Missing, Data::Base64),
        spoilt: None,
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    const ONE: &str = r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1",
        "sequenceNumber":"49590338271490256608559692538361571095921575989136588898","data":"e30=",
        "approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0",
        "eventID":"shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
        "eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"}]}"#;

    #[test]
    fn a_record_as_the_documentation_shows_it() {
        let event = parse(ONE).unwrap();
        let records = records(&event).unwrap();
        assert_eq!(records[0].shard, "shardId-000000000006");
        assert_eq!(records[0].sequence, Some("49590338271490256608559692538361571095921575989136588898"));
        assert_eq!(records[0].arrival.as_deref(), Some("1545084650.987"));
        assert_eq!(records[0].data, Data::Base64("e30="));
    }

    #[test]
    fn an_odd_record_spoils_no_other() {
        let text = ONE.replace(r#"{"Records":["#, r#"{"Records":[5,{"kinesis":{"sequenceNumber":7,"data":null}},"#);
        let event = parse(&text).unwrap();
        let records = records(&event).unwrap();
        assert_eq!(records.len(), 3);
        assert!(records[0].sequence.is_none() && records[1].sequence.is_none() && records[2].sequence.is_some());
    }
}
