//! An invocation's input: JSON text in, its [`Kind`] and its [`Record`]s out, or an error that says what came instead.

use std::cell::OnceCell;

use super::record::{Record, text};
use super::{kafka, kinesis};
use crate::json::{self, Json, JsonError};

/// What delivered an event, which decides how unfinished records are delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The records of one shard, from the checkpoint on.
    Kinesis,
    /// Records of several partitions, all together.
    Kafka,
}

/// Why an invocation's input is not an event that is understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("the event is not UTF-8 (at byte {0})")]
    Utf8(usize),
    #[error("the event is not JSON: {0}")]
    Json(#[from] JsonError),
    #[error(
        "expected a Kinesis or a Kafka event, but {0} came; connect this function to a Kinesis stream or to a topic of Kafka by an event \
         source mapping"
    )]
    Unknown(String),
}

/// The records of an event, in its order. An event without records is legal and has none. `tree` is empty; it is where the event's tree
/// is kept, if one is made.
pub fn records<'e>(event: &'e [u8], tree: &'e OnceCell<Json<'e>>) -> Result<(Kind, Vec<Record<'e>>), EventError> {
    let text = std::str::from_utf8(event).map_err(|error| EventError::Utf8(error.valid_up_to()))?;
    if let Some(records) = kinesis::records(text)? {
        return Ok((Kind::Kinesis, records));
    }
    let parsed = json::parse(text)?;
    let event = tree.get_or_init(|| parsed);
    kafka::records(event).map(|records| (Kind::Kafka, records)).ok_or_else(|| EventError::Unknown(what_came(event)))
}

/// Names the event that came, as well as its outside tells.
fn what_came(event: &Json<'_>) -> String {
    if let Some(source) = text(event, "eventSource") {
        let odd = if kafka::SOURCES.contains(&source) { " whose `records` are no object" } else { "" };
        return format!("an event of {source}{odd}");
    }
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

    fn kind(text: &str) -> Result<(Kind, usize), EventError> {
        records(text.as_bytes(), &OnceCell::new()).map(|(kind, records)| (kind, records.len()))
    }

    #[test]
    fn the_two_kinds_are_told_apart() {
        assert_eq!(kind(r#"{"Records":[{"eventSource":"aws:kinesis"}]}"#), Ok((Kind::Kinesis, 1)));
        for source in ["aws:kafka", "SelfManagedKafka", "aws:SelfManagedKafka"] {
            assert_eq!(kind(&format!(r#"{{"eventSource":"{source}","records":{{"t-0":[{{}}]}}}}"#)), Ok((Kind::Kafka, 1)));
        }
    }

    #[test]
    fn an_event_without_records_is_legal() {
        assert_eq!(kind(r#"{"Records":[]}"#), Ok((Kind::Kinesis, 0)));
        assert_eq!(kind(r#"{"eventSource":"aws:kafka","records":{}}"#), Ok((Kind::Kafka, 0)));
        assert_eq!(kind(r#"{"eventSource":"aws:kafka","records":{"t-0":[]}}"#), Ok((Kind::Kafka, 0)));
    }

    #[test]
    fn another_event_is_named() {
        let came = |text: &str| match kind(text) {
            Err(EventError::Unknown(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(came(r#"{"Records":[{"eventSource":"aws:s3"}]}"#), "an event of aws:s3");
        assert_eq!(came(r#"{"Records":[{"EventSource":"aws:sns"}]}"#), "an event of aws:sns");
        assert_eq!(came(r#"{"eventSource":"aws:mq","messages":[]}"#), "an event of aws:mq");
        assert_eq!(came(r#"{"eventSource":"aws:kafka"}"#), "an event of aws:kafka whose `records` are no object");
        assert_eq!(came(r#"{"awslogs":{}}"#), "a CloudWatch Logs event");
        assert_eq!(came(r#"{"version":"2.0","requestContext":{}}"#), "an HTTP request");
        assert_eq!(came(r#"{"a":1,"b":2}"#), "an object with the members a, b");
        assert_eq!(came("null"), "null");
        assert_eq!(came("{}"), "an empty object");
        assert!(matches!(kind("{"), Err(EventError::Json(_))));
        assert!(matches!(records(b"\"\xff\"", &OnceCell::new()), Err(EventError::Utf8(1))));
    }
}
