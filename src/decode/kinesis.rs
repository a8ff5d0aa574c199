//! A Kinesis event as Lambda delivers it: JSON in, [`Record`]s out.
//!
//! Tolerant by design: whatever is missing or odd in one record spoils that record alone. The shape is that of the AWS Lambda
//! developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams".

use std::borrow::Cow;

use super::record::{Data, Raw, Record};
use crate::json::{Json, JsonError, Parser};

/// The records of a Kinesis event; `None` if the text is another JSON value. Nothing but what a record needs is kept of it.
pub(super) fn records(event: &str) -> Result<Option<Vec<Record<'_>>>, JsonError> {
    let mut parser = Parser::new(event);
    let mut found = None;
    if parser.peek() != Some(b'{') {
        return Ok(None);
    }
    parser.members(|parser, name| {
        if name == "Records" {
            found = array(parser)?;
        } else {
            parser.skip()?;
        }
        Ok(())
    })?;
    parser.end()?;
    Ok(found)
}

/// `None` if it is none of records of Kinesis.
fn array<'e>(parser: &mut Parser<'e>) -> Result<Option<Vec<Record<'e>>>, JsonError> {
    let (mut records, mut any_is_kinesis) = (Vec::new(), false);
    if parser.peek() != Some(b'[') {
        parser.skip()?;
        return Ok(None);
    }
    parser.elements(|parser| {
        let (record, is_kinesis) = record(parser)?;
        records.push(record);
        any_is_kinesis |= is_kinesis;
        Ok(())
    })?;
    Ok((records.is_empty() || any_is_kinesis).then_some(records))
}

/// What the member `kinesis` of a record has.
#[derive(Default)]
struct Kinesis<'e> {
    sequence: Option<Cow<'e, str>>,
    partition_key: Option<Cow<'e, str>>,
    arrival: Option<Cow<'e, str>>,
    data: Option<Cow<'e, str>>,
}

/// A record, and whether Kinesis sent it.
fn record<'e>(parser: &mut Parser<'e>) -> Result<(Record<'e>, bool), JsonError> {
    let (mut event_source, mut id, mut source, mut kinesis) = (None, None, None, None);
    let next = parser.peek();
    let start = parser.offset();
    if next == Some(b'{') {
        parser.members(|parser, name| {
            match name.as_ref() {
                "kinesis" => kinesis = self::kinesis(parser)?,
                "eventSource" => event_source = text(parser)?,
                "eventID" => id = text(parser)?,
                "eventSourceARN" => source = text(parser)?,
                _ => drop(parser.skip()?),
            }
            Ok(())
        })?;
    } else {
        parser.skip()?;
    }
    let is_kinesis = kinesis.is_some() || event_source.as_deref() == Some("aws:kinesis");
    let kinesis = kinesis.unwrap_or_default();
    let digits = |sequence: &Cow<'_, str>| !sequence.is_empty() && sequence.bytes().all(|byte| byte.is_ascii_digit());
    let record = Record {
        source: source.map_or_else(Cow::default, stream),
        shard: id.and_then(shard).unwrap_or_default(),
        sequence: kinesis.sequence.filter(digits),
        partition_key: kinesis.partition_key,
        key_is_binary: false,
        headers: Vec::new(),
        arrival: kinesis.arrival,
        data: kinesis.data.map_or(Data::Missing, Data::Base64),
        spoilt: None,
        raw: Raw::Text(parser.since(start)),
    };
    Ok((record, is_kinesis))
}

/// `None` if it is no object.
fn kinesis<'e>(parser: &mut Parser<'e>) -> Result<Option<Kinesis<'e>>, JsonError> {
    if parser.peek() != Some(b'{') {
        parser.skip()?;
        return Ok(None);
    }
    let mut kinesis = Kinesis::default();
    parser.members(|parser, name| {
        match name.as_ref() {
            "sequenceNumber" => kinesis.sequence = text(parser)?,
            "partitionKey" => kinesis.partition_key = text(parser)?,
            "data" => kinesis.data = text(parser)?,
            "approximateArrivalTimestamp" => {
                kinesis.arrival = match parser.value()? {
                    Json::Number(digits) => Some(Cow::Borrowed(digits)),
                    _ => None,
                };
            }
            _ => drop(parser.skip()?),
        }
        Ok(())
    })?;
    Ok(Some(kinesis))
}

/// A string; `None` if it is anything else.
fn text<'e>(parser: &mut Parser<'e>) -> Result<Option<Cow<'e, str>>, JsonError> {
    Ok(match parser.value()? {
        Json::String(text) => Some(text),
        _ => None,
    })
}

/// What stands in front of the last colon of a record's id.
fn shard(id: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let end = id.rfind(':')?;
    Some(until(id, end))
}

/// The stream's ARN. Enhanced fan-out reads through a consumer, whose ARN is the stream's and more (`STREAM/consumer/NAME:CREATED`):
/// cut, the same record has the same identity whichever way it is read.
fn stream(source: Cow<'_, str>) -> Cow<'_, str> {
    match source.find("/consumer/") {
        Some(end) => until(source, end),
        None => source,
    }
}

fn until(text: Cow<'_, str>, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
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
        let records = records(ONE).unwrap().unwrap();
        assert_eq!(records[0].shard, "shardId-000000000006");
        assert_eq!(records[0].sequence.as_deref(), Some("49590338271490256608559692538361571095921575989136588898"));
        assert_eq!(records[0].arrival.as_deref(), Some("1545084650.987"));
        assert_eq!(records[0].data, Data::Base64("e30=".into()));
    }

    #[test]
    fn a_record_read_through_a_consumer_is_the_streams() {
        let text = ONE.replace("stream/lambda-stream", "stream/lambda-stream/consumer/fast:1545084600");
        assert_eq!(records(&text).unwrap().unwrap()[0].source, records(ONE).unwrap().unwrap()[0].source);
    }

    #[test]
    fn an_odd_record_spoils_no_other() {
        let text = ONE.replace(r#"{"Records":["#, r#"{"Records":[5,{"kinesis":{"sequenceNumber":7,"data":null}},"#);
        let records = records(&text).unwrap().unwrap();
        assert_eq!(records.len(), 3);
        assert!(records[0].sequence.is_none() && records[1].sequence.is_none() && records[2].sequence.is_some());
    }

    #[test]
    fn of_members_that_repeat_the_last_counts_and_escapes_are_read() {
        let text = r#"{"Records":5,"Records":[{"eventSourceARN":"a","eventSourceARN":"arn:aws:kinesis:x:1:stream\/s","eventID":"s\u002d1:7",
            "kinesis":{"sequenceNumber":"6","data":"AA=="},"kinesis":{"sequenceNumber":"\u0037","data":"\/w==","data":null}}]}"#;
        let records = records(text).unwrap().unwrap();
        assert_eq!((records[0].source.as_ref(), records[0].shard.as_ref()), ("arn:aws:kinesis:x:1:stream/s", "s-1"));
        assert_eq!((records[0].sequence.as_deref(), &records[0].data), (Some("7"), &Data::Missing));
        assert!(text.contains(&records[0].raw.to_string()) && records[0].raw.to_string().starts_with("{\"eventSourceARN"));
    }

    #[test]
    fn what_is_broken_is_an_error_at_its_place_and_what_is_no_event_of_kinesis_none() {
        let fault = |text: &str| records(text).unwrap_err();
        assert_eq!(
            fault(r#"{"Records":[{"kinesis":{"data":"x}}]}"#),
            crate::json::parse(r#"{"Records":[{"kinesis":{"data":"x}}]}"#).unwrap_err()
        );
        assert_eq!(fault(r#"{"Records":[]} x"#).offset, 15);
        for text in
            ["[]", "null", "{}", r#"{"Records":{}}"#, r#"{"Records":[{"eventSource":"aws:s3"}]}"#, r#"{"records":[{"kinesis":{}}]}"#]
        {
            assert!(records(text).unwrap().is_none(), "{text}");
        }
    }
}
