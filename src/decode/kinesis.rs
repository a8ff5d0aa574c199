//! A Kinesis event as Lambda delivers it: JSON text in, [`Record`]s out.
//!
//! Tolerant by design: whatever is missing or odd in one record spoils that record alone. The shape is that of the AWS Lambda
//! developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams".

use crate::json::{self, Json, JsonError};

/// One record of an event; every part is a slice of the event's text.
#[derive(Debug, Clone, Copy)]
pub struct Record<'e> {
    /// The stream's ARN.
    pub source: &'e str,
    /// The shard's id; empty if the event id does not tell it.
    pub shard: &'e str,
    /// Decimal digits, up to 129 of them; never compared as text. `None` if the record has no usable one.
    pub sequence: Option<&'e str>,
    pub partition_key: &'e str,
    /// Seconds since 1970, digits as they came, such as `1545084650.987`.
    pub arrival: Option<&'e str>,
    /// Base64.
    pub data: Option<&'e str>,
    /// The record as the event had it.
    pub raw: &'e Json<'e>,
}

/// Why an invocation's input is not a Kinesis event.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("the event is not UTF-8 (at byte {0})")]
    Utf8(usize),
    #[error("the event is not JSON: {0}")]
    Json(#[from] JsonError),
    #[error("expected a Kinesis event, but {0} came; connect this function to a Kinesis stream by an event source mapping")]
    NotKinesis(String),
}

/// Reads the text of an event.
pub fn read(event: &[u8]) -> Result<Json<'_>, EventError> {
    let text = std::str::from_utf8(event).map_err(|error| EventError::Utf8(error.valid_up_to()))?;
    Ok(json::parse(text)?)
}

/// The records of an event, in its order. An event without records is legal and has none.
pub fn records<'e>(event: &'e Json<'e>) -> Result<Vec<Record<'e>>, EventError> {
    let Some(Json::Array(records)) = event.get("Records") else {
        return Err(EventError::NotKinesis(what_came(event)));
    };
    if !records.is_empty() && !records.iter().any(is_kinesis) {
        return Err(EventError::NotKinesis(what_came(event)));
    }
    Ok(records.iter().map(record).collect())
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
        partition_key: text(kinesis, "partitionKey").unwrap_or_default(),
        arrival: match kinesis.get("approximateArrivalTimestamp") {
            Some(Json::Number(digits)) => Some(digits),
            _ => None,
        },
        data: text(kinesis, "data"),
        raw,
    }
}

fn text<'e>(value: &'e Json<'e>, name: &str) -> Option<&'e str> {
    match value.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// Names the event that came, as well as its outside tells.
fn what_came(event: &Json<'_>) -> String {
    match event.get("Records") {
        Some(Json::Array(records)) => {
            let source = records.iter().find_map(|record| text(record, "eventSource").or_else(|| text(record, "EventSource")));
            source.map_or("records without an eventSource".to_owned(), |source| format!("an event of {source}"))
        }
        _ if event.get("awslogs").is_some() => "a CloudWatch Logs event".to_owned(),
        _ if event.get("requestContext").is_some() => "an HTTP request".to_owned(),
        _ if event.get("detail-type").is_some() => "an EventBridge event".to_owned(),
        _ => match event {
            Json::Object(members) if !members.is_empty() => {
                let names: Vec<&str> = members.iter().take(5).map(|(name, _)| name.as_ref()).collect();
                format!("an object with the members {}", names.join(", "))
            }
            Json::Object(_) => "an empty object".to_owned(),
            other => other.kind().to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1",
        "sequenceNumber":"49590338271490256608559692538361571095921575989136588898","data":"e30=",
        "approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0",
        "eventID":"shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
        "eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"}]}"#;

    #[test]
    fn a_record_as_the_documentation_shows_it() {
        let event = read(ONE.as_bytes()).unwrap();
        let records = records(&event).unwrap();
        assert_eq!(records[0].shard, "shardId-000000000006");
        assert_eq!(records[0].sequence, Some("49590338271490256608559692538361571095921575989136588898"));
        assert_eq!(records[0].arrival, Some("1545084650.987"));
        assert_eq!(records[0].data, Some("e30="));
    }

    #[test]
    fn an_odd_record_spoils_no_other() {
        let text = ONE.replace(r#"{"Records":["#, r#"{"Records":[5,{"kinesis":{"sequenceNumber":7,"data":null}},"#);
        let event = read(text.as_bytes()).unwrap();
        let records = records(&event).unwrap();
        assert_eq!(records.len(), 3);
        assert!(records[0].sequence.is_none() && records[1].sequence.is_none() && records[2].sequence.is_some());
    }

    #[test]
    fn an_event_without_records_is_legal() {
        assert!(records(&read(br#"{"Records":[]}"#).unwrap()).unwrap().is_empty());
    }

    #[test]
    fn another_event_is_named() {
        let came = |text: &'static str| match records(&read(text.as_bytes()).unwrap()) {
            Err(EventError::NotKinesis(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(came(r#"{"Records":[{"eventSource":"aws:s3"}]}"#), "an event of aws:s3");
        assert_eq!(came(r#"{"Records":[{"EventSource":"aws:sns"}]}"#), "an event of aws:sns");
        assert_eq!(came(r#"{"awslogs":{}}"#), "a CloudWatch Logs event");
        assert_eq!(came(r#"{"version":"2.0","requestContext":{}}"#), "an HTTP request");
        assert_eq!(came(r#"{"a":1,"b":2}"#), "an object with the members a, b");
        assert_eq!(came("null"), "null");
        assert_eq!(came("{}"), "an empty object");
        assert!(matches!(read(b"{"), Err(EventError::Json(_))));
        assert_eq!(read(b"\"\xff\""), Err(EventError::Utf8(1)));
    }
}
