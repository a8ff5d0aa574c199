//! A DynamoDB stream's event: its bytes in, its records out, each with the text that it came with. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;
use tablefeed::json::{self, Json};

use crate::change::EventName;
use crate::subscription::Images;

#[derive(Deserialize)]
struct Event<'e> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'e RawValue>,
}

/// One record of an event.
#[derive(Debug)]
pub(super) struct Record<'e> {
    /// As the event has it: it is an answer's identifier.
    pub sequence: &'e str,
    pub name: Option<EventName>,
    pub source_arn: Option<String>,
    pub text: &'e str,
    pub json: Json<'e>,
}

/// Reads an event; the error says what is wrong with it, without its data.
pub(super) fn read(event: &[u8]) -> Result<Vec<Record<'_>>, String> {
    let event: Event<'_> = serde_json::from_slice(event).map_err(|error| format!("it has no Records: {:?}", error.classify()))?;
    event.records.into_iter().enumerate().map(|(index, text)| record(text.get()).ok_or_else(|| bad(index))).collect()
}

fn bad(index: usize) -> String {
    format!("Records[{index}] is no record of a DynamoDB stream, which has a dynamodb.SequenceNumber")
}

fn record(text: &str) -> Option<Record<'_>> {
    let json = json::parse(text).ok()?;
    let Some(Json::String(std::borrow::Cow::Borrowed(sequence))) = json.pointer("/dynamodb/SequenceNumber") else { return None };
    let sequence: &str = sequence;
    if sequence.is_empty() {
        return None;
    }
    let name = match json.get("eventName") {
        Some(Json::String(name)) => EventName::named(name),
        _ => None,
    };
    let source_arn = match json.get("eventSourceARN") {
        Some(Json::String(arn)) => Some(arn.to_string()),
        _ => None,
    };
    Some(Record { sequence, name, source_arn, text, json })
}

impl Record<'_> {
    /// When the change was made, in seconds since 1970.
    pub fn created(&self) -> Option<f64> {
        match self.json.pointer("/dynamodb/ApproximateCreationDateTime") {
            Some(Json::Number(seconds)) => seconds.parse().ok(),
            _ => None,
        }
    }

    /// The record as it came, or without the images that are not wanted.
    pub fn text(&self, images: Images) -> String {
        let unwanted: &[&str] = match images {
            Images::Both => return self.text.to_owned(),
            Images::New => &["OldImage"],
            Images::Old => &["NewImage"],
            Images::KeysOnly => &["NewImage", "OldImage"],
        };
        let mut json = self.json.clone();
        if let Json::Object(members) = &mut json {
            for (_, content) in members.iter_mut().filter(|(name, _)| name == "dynamodb") {
                if let Json::Object(members) = content {
                    members.retain(|(name, _)| !unwanted.contains(&name.as_ref()));
                }
            }
        }
        json.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str =
        r#"{"Records":[{"eventName":"MODIFY","dynamodb":{ "SequenceNumber":"10","NewImage":{"n":{"N":"1.10"}},"OldImage":{}},"x":1e400}]}"#;

    #[test]
    fn a_record_keeps_its_text_unless_images_are_left_out() {
        let records = read(EVENT.as_bytes()).unwrap();
        let record = &records[0];
        assert_eq!((record.sequence, record.name), ("10", Some(EventName::Modify)));
        assert_eq!(format!(r#"{{"Records":[{}]}}"#, record.text(Images::Both)), EVENT);
        let rest = |image| format!(r#"{{"eventName":"MODIFY","dynamodb":{{"SequenceNumber":"10"{image}}},"x":1e400}}"#);
        assert_eq!(record.text(Images::New), rest(r#","NewImage":{"n":{"N":"1.10"}}"#));
        assert_eq!((record.text(Images::Old), record.text(Images::KeysOnly)), (rest(r#","OldImage":{}"#), rest("")));
    }

    #[test]
    fn what_is_no_event_of_a_table_is_refused_without_its_data() {
        for (event, part) in [
            ("{}", "no Records"),
            ("hush", "no Records"),
            (r#"{"Records":[{"kinesis":{"sequenceNumber":"hush"}}]}"#, "Records[0]"),
            (r#"{"Records":[{"dynamodb":{"SequenceNumber":"1"}},{"dynamodb":{"SequenceNumber":""}}]}"#, "Records[1]"),
        ] {
            let error = read(event.as_bytes()).unwrap_err();
            assert!(error.contains(part) && !error.contains("hush"), "{error}");
        }
        assert!(read(br#"{"Records":[]}"#).unwrap().is_empty());
    }
}
