//! One change of an item: a stream's record in; out, its JSON as Lambda delivers it, with the images that a subscription wants.
//!
//! The shape is that of "Using AWS Lambda with Amazon DynamoDB" in the AWS Lambda developer guide; what a record does not have is left out.

mod image;

use aws_sdk_dynamodbstreams::primitives::DateTime;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, StreamRecord};
use tablefeed::json::push_string;

use crate::subscription::Images;
use image::item;

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventName {
    Insert,
    Modify,
    Remove,
}

impl EventName {
    /// As records and declarations write it.
    pub fn name(self) -> &'static str {
        match self {
            EventName::Insert => "INSERT",
            EventName::Modify => "MODIFY",
            EventName::Remove => "REMOVE",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<EventName> {
        [EventName::Insert, EventName::Modify, EventName::Remove].into_iter().find(|event| event.name() == name)
    }
}

/// A sequence number: decimal digits, compared as a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(String);

impl Sequence {
    /// `None` unless it is digits.
    pub fn parse(text: &str) -> Option<Sequence> {
        let digits = text.trim_start_matches('0');
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| Sequence(digits.to_owned()))
    }

    /// Without leading zeros, but for zero itself.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "0" } else { &self.0 }
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// One change, read from a shard. Whoever delivers it decides which images its text has.
#[derive(Debug, Clone)]
pub struct Change {
    pub sequence: Sequence,
    /// When it was made, in milliseconds since 1970; the stream knows whole seconds, or finer.
    pub created: u64,
    pub event: EventName,
    /// The JSON in front of the images, from the record's first brace on.
    before: String,
    new: Option<String>,
    old: Option<String>,
    /// The JSON behind the images, up to the record's last brace.
    after: String,
}

/// A record that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("a record of the stream has no {0}")]
    Lacks(&'static str),
    #[error("record {sequence} of the stream has {what}, which this version does not know")]
    Unknown { sequence: String, what: &'static str },
}

impl Change {
    /// Reads a record; `stream_arn` is that of the stream that it was read from.
    pub fn of(record: &Record, stream_arn: &str) -> Result<Change, ChangeError> {
        let content = record.dynamodb().ok_or(ChangeError::Lacks("content"))?;
        let number = content.sequence_number().ok_or(ChangeError::Lacks("sequence number"))?;
        let unknown = |what| ChangeError::Unknown { sequence: number.to_owned(), what };
        let sequence = Sequence::parse(number).ok_or_else(|| unknown("a sequence number"))?;
        let event = match record.event_name() {
            Some(OperationType::Insert) => EventName::Insert,
            Some(OperationType::Modify) => EventName::Modify,
            Some(OperationType::Remove) => EventName::Remove,
            _ => return Err(unknown("a kind of change")),
        };
        let image = |attributes| item(attributes).ok_or_else(|| unknown("a type of attribute"));
        let keys = content.keys().map(image).transpose()?;
        let (new, old) = (content.new_image().map(image).transpose()?, content.old_image().map(image).transpose()?);
        let created = content.approximate_creation_date_time().and_then(|time| time.to_millis().ok()).unwrap_or_default();
        Ok(Change {
            sequence,
            created: u64::try_from(created).unwrap_or_default(),
            event,
            before: before(record, event, content, keys.as_deref()),
            new,
            old,
            after: after(record, content, number, stream_arn),
        })
    }

    /// The record as Lambda delivers it, with these images of those that the stream has.
    pub fn text(&self, images: Images) -> String {
        let mut text = String::with_capacity(self.bytes());
        text.push_str(&self.before);
        if let (Some(new), Images::Both | Images::New) = (&self.new, images) {
            member(&mut text, "NewImage", new);
        }
        if let (Some(old), Images::Both | Images::Old) = (&self.old, images) {
            member(&mut text, "OldImage", old);
        }
        text.push_str(&self.after);
        text
    }

    /// The length of the text with all images.
    pub fn bytes(&self) -> usize {
        let image = |image: &Option<String>| image.as_ref().map_or(0, |image| image.len() + r#""NewImage":,"#.len());
        self.before.len() + image(&self.new) + image(&self.old) + self.after.len()
    }
}

/// Appends a member and a comma.
fn member(out: &mut String, name: &str, json: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    out.push_str(json);
    out.push(',');
}

/// Appends a member and a comma, if there is a text.
fn text_member(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        let mut quoted = String::with_capacity(text.len() + 2);
        push_string(&mut quoted, text);
        member(out, name, &quoted);
    }
}

fn before(record: &Record, event: EventName, content: &StreamRecord, keys: Option<&str>) -> String {
    let mut out = "{".to_owned();
    text_member(&mut out, "eventID", record.event_id());
    text_member(&mut out, "eventName", Some(event.name()));
    text_member(&mut out, "eventVersion", record.event_version());
    text_member(&mut out, "eventSource", record.event_source());
    text_member(&mut out, "awsRegion", record.aws_region());
    out.push_str("\"dynamodb\":{");
    if let Some(time) = content.approximate_creation_date_time() {
        member(&mut out, "ApproximateCreationDateTime", &seconds(time));
    }
    if let Some(keys) = keys {
        member(&mut out, "Keys", keys);
    }
    out
}

fn after(record: &Record, content: &StreamRecord, number: &str, stream_arn: &str) -> String {
    let mut out = String::new();
    text_member(&mut out, "SequenceNumber", Some(number));
    if let Some(bytes) = content.size_bytes() {
        member(&mut out, "SizeBytes", &bytes.to_string());
    }
    text_member(&mut out, "StreamViewType", content.stream_view_type().map(|view| view.as_str()));
    out.pop();
    out.push_str("},");
    if let Some(identity) = record.user_identity() {
        let mut members = "{".to_owned();
        text_member(&mut members, "type", identity.r#type());
        text_member(&mut members, "principalId", identity.principal_id());
        let members = members.trim_end_matches(',');
        member(&mut out, "userIdentity", &format!("{members}}}"));
    }
    text_member(&mut out, "eventSourceARN", Some(stream_arn));
    out.pop();
    out.push('}');
    out
}

/// Epoch seconds, with a fraction only if there is one.
fn seconds(time: &DateTime) -> String {
    let fraction = format!("{:09}", time.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => time.secs().to_string(),
        digits => format!("{}.{digits}", time.secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodbstreams::types::{AttributeValue, Identity, StreamViewType};
    use serde_json::{Value, json};

    const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000";

    fn content() -> StreamRecord {
        StreamRecord::builder()
            .approximate_creation_date_time(DateTime::from_secs(1_479_499_740))
            .keys("Id", AttributeValue::N("101".to_owned()))
            .new_image("Id", AttributeValue::N("101".to_owned()))
            .new_image("M", AttributeValue::S("a\"b".to_owned()))
            .old_image("Id", AttributeValue::N("101".to_owned()))
            .sequence_number("111")
            .size_bytes(26)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
    }

    fn record(content: StreamRecord) -> Record {
        Record::builder()
            .event_id("e1")
            .event_name(OperationType::Modify)
            .event_version("1.1")
            .event_source("aws:dynamodb")
            .aws_region("us-east-1")
            .dynamodb(content)
            .build()
    }

    fn value(change: &Change, images: Images) -> Value {
        serde_json::from_str(&change.text(images)).unwrap()
    }

    #[test]
    fn a_record_looks_as_lambda_delivers_it() {
        let change = Change::of(&record(content()), ARN).unwrap();
        let expected = json!({
            "eventID": "e1", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_479_499_740,
                "Keys": {"Id": {"N": "101"}},
                "NewImage": {"Id": {"N": "101"}, "M": {"S": "a\"b"}},
                "OldImage": {"Id": {"N": "101"}},
                "SequenceNumber": "111", "SizeBytes": 26, "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": ARN,
        });
        assert_eq!(value(&change, Images::Both), expected);
        assert_eq!((change.bytes(), change.created), (change.text(Images::Both).len(), 1_479_499_740_000));
    }

    #[test]
    fn a_subscription_chooses_among_the_images_that_there_are() {
        let change = Change::of(&record(content()), ARN).unwrap();
        let has = |images, name: &str| value(&change, images)["dynamodb"].get(name).is_some();
        assert!(has(Images::New, "NewImage") && !has(Images::New, "OldImage"));
        assert!(!has(Images::Old, "NewImage") && has(Images::Old, "OldImage"));
        assert!(!has(Images::KeysOnly, "NewImage") && !has(Images::KeysOnly, "OldImage") && has(Images::KeysOnly, "Keys"));
    }

    #[test]
    fn what_is_absent_is_left_out_and_who_deleted_is_told() {
        let identity = Identity::builder().r#type("Service").principal_id("dynamodb.amazonaws.com").build();
        let mut bare = record(StreamRecord::builder().sequence_number("0012").build());
        bare.event_name = Some(OperationType::Remove);
        bare.user_identity = Some(identity);
        let change = Change::of(&bare, ARN).unwrap();
        let written = value(&change, Images::Both);
        assert_eq!(written["dynamodb"], json!({"SequenceNumber": "0012"}));
        assert_eq!(written["userIdentity"], json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"}));
        assert_eq!(change.sequence.as_str(), "12");
    }

    #[test]
    fn a_record_without_a_place_in_the_stream_is_none() {
        let error = Change::of(&record(StreamRecord::builder().build()), ARN).unwrap_err();
        assert_eq!(error, ChangeError::Lacks("sequence number"));
        let error = Change::of(&record(StreamRecord::builder().sequence_number("x").build()), ARN).unwrap_err();
        assert!(matches!(error, ChangeError::Unknown { what: "a sequence number", .. }));
    }

    #[test]
    fn times_are_seconds_with_a_fraction_only_if_there_is_one() {
        assert_eq!(seconds(&DateTime::from_secs(5)), "5");
        assert_eq!(seconds(&DateTime::from_millis(5_120)), "5.12");
    }

    #[test]
    fn sequence_numbers_compare_as_numbers() {
        let number = |text| Sequence::parse(text).unwrap();
        assert!(number("9") < number("10") && number("0010") == number("10") && number("0").as_str() == "0");
        assert!(Sequence::parse("").is_none() && Sequence::parse("1x").is_none());
    }
}
