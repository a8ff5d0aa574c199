//! A Kafka event as Lambda delivers it, of Amazon MSK or of a cluster of one's own: JSON in, [`Record`]s out.
//!
//! Tolerant by design: whatever is missing or odd in one record spoils that record alone. The shape is that of the AWS Lambda
//! developer guide, "Using Lambda with Amazon MSK" and "Using Lambda with self-managed Apache Kafka". Numbers are never converted:
//! offsets pass what a double holds.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::record::{Data, Header, Raw, Record, text};
use crate::json::Json;
use crate::reason::{Reason, Rejection};

/// What stands for the ARN that a cluster of one's own does not have. Its servers change, so they identify nothing.
pub const SELF_MANAGED: &str = "SelfManagedKafka";

/// What such events call themselves.
pub(super) const SOURCES: [&str; 3] = ["aws:kafka", SELF_MANAGED, "aws:SelfManagedKafka"];

/// Digits of the largest offset and time stamp, which are 64-bit numbers.
const MAX_DIGITS: usize = 19;

/// Keys are read leniently: the documentation's own sample has bits behind its end.
const KEY: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The records of a Kafka event, partition by partition; `None` if it is no such event.
pub(super) fn records<'e>(event: &'e Json<'e>) -> Option<Vec<Record<'e>>> {
    let source = text(event, "eventSource").filter(|source| SOURCES.contains(source));
    let (Some(_), Some(Json::Object(partitions))) = (source, event.get("records")) else { return None };
    let source = text(event, "eventSourceArn").filter(|arn| !arn.is_empty()).unwrap_or(SELF_MANAGED);
    let of_partition = |(partition, records): &'e (Cow<'e, str>, Json<'e>)| {
        let records = if let Json::Array(records) = records { records.as_slice() } else { std::slice::from_ref(records) };
        records.iter().map(move |raw| record(source, partition, raw))
    };
    Some(partitions.iter().flat_map(of_partition).collect())
}

fn record<'e>(source: &'e str, partition: &'e str, raw: &'e Json<'e>) -> Record<'e> {
    let key = key(raw.get("key"));
    let headers = headers(raw.get("headers"));
    let spoilt = key.as_ref().err().or(headers.as_ref().err()).cloned();
    let key = key.unwrap_or_default().map(String::from_utf8);
    Record {
        source: Cow::Borrowed(source),
        shard: Cow::Borrowed(partition),
        sequence: digits(raw.get("offset")).map(Cow::Borrowed),
        key_is_binary: matches!(key, Some(Err(_))),
        partition_key: key.and_then(Result::ok).map(Cow::Owned),
        headers: headers.unwrap_or_default(),
        arrival: digits(raw.get("timestamp")).map(|millis| Cow::Owned(seconds(millis))),
        data: match raw.get("value") {
            Some(Json::String(text)) => Data::Base64(Cow::Borrowed(text)),
            Some(Json::Null) | None => Data::Tombstone,
            Some(_) => Data::Missing,
        },
        spoilt,
        raw: Raw::Tree(raw),
    }
}

fn key(json: Option<&Json<'_>>) -> Result<Option<Vec<u8>>, Rejection> {
    let odd = || Rejection::new(Reason::BadRecord, "the record's key is neither null nor base64");
    match json {
        Some(Json::String(text)) => KEY.decode(text.as_bytes()).map(Some).map_err(|_| odd()),
        Some(Json::Null) | None => Ok(None),
        Some(_) => Err(odd()),
    }
}

/// Of `[{"name": [104, -1]}, …]`.
fn headers<'e>(json: Option<&'e Json<'e>>) -> Result<Vec<Header<'e>>, Rejection> {
    let odd = || Rejection::new(Reason::BadRecord, "the record's headers are not an array of objects of arrays of bytes");
    let elements = match json {
        Some(Json::Array(elements)) => elements.as_slice(),
        Some(Json::Null) | None => &[],
        Some(_) => return Err(odd()),
    };
    let mut headers = Vec::with_capacity(elements.len());
    for element in elements {
        let Json::Object(members) = element else { return Err(odd()) };
        for (name, value) in members {
            let value = match value {
                Json::Null => None,
                Json::Array(bytes) => Some(bytes.iter().map(byte).collect::<Option<Vec<u8>>>().ok_or_else(odd)?),
                _ => return Err(odd()),
            };
            headers.push(Header { name, value });
        }
    }
    Ok(headers)
}

/// A byte as Java writes it, signed; unsigned ones are taken too.
fn byte(json: &Json<'_>) -> Option<u8> {
    let Json::Number(digits) = json else { return None };
    digits.parse::<i8>().map(i8::cast_unsigned).or_else(|_| digits.parse::<u8>()).ok()
}

/// The digits of a whole number that is not negative.
fn digits<'e>(json: Option<&'e Json<'e>>) -> Option<&'e str> {
    match json {
        Some(Json::Number(digits)) if digits.len() <= MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits),
        _ => None,
    }
}

/// Milliseconds as seconds, digit for digit.
fn seconds(millis: &str) -> String {
    let padded = format!("{millis:0>4}");
    let (seconds, fraction) = padded.split_at(padded.len() - 3);
    format!("{seconds}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// The documentation's sample.
    const ONE: &str = r#"{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
        "bootstrapServers":"b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092",
        "records":{"mytopic-0":[{"topic":"mytopic","partition":0,"offset":15,"timestamp":1545084650987,"timestampType":"CREATE_TIME",
        "key":"abcDEFghiJKLmnoPQRstuVWXyz1234==","value":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
        "headers":[{"headerKey":[104,101,97,100,101,114,86,97,108,117,101]}]}]}}"#;

    /// Reads one record of a cluster of one's own.
    fn with<T>(record: &str, see: impl FnOnce(&Record<'_>) -> T) -> T {
        let text = format!(r#"{{"eventSource":"SelfManagedKafka","bootstrapServers":"b:9092","records":{{"t-7":[{record}]}}}}"#);
        let event = parse(&text).unwrap();
        see(&records(&event).unwrap()[0])
    }

    #[test]
    fn a_record_as_the_documentation_shows_it() {
        let event = parse(ONE).unwrap();
        let record = &records(&event).unwrap()[0];
        assert!(record.source.starts_with("arn:aws:kafka:") && record.spoilt.is_none());
        assert_eq!(
            (record.shard.as_ref(), record.sequence.as_deref(), record.arrival.as_deref()),
            ("mytopic-0", Some("15"), Some("1545084650.987"))
        );
        assert_eq!((record.partition_key.as_deref(), record.key_is_binary), (None, true));
        assert_eq!(record.data, Data::Base64("SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==".into()));
        assert_eq!(record.headers, [Header { name: "headerKey", value: Some(b"headerValue".to_vec()) }]);
    }

    #[test]
    fn servers_are_no_part_of_where_a_record_stood() {
        with("{}", |record| assert_eq!((record.source.as_ref(), record.shard.as_ref()), ("SelfManagedKafka", "t-7")));
        let event = parse(r#"{"eventSource":"aws:kafka","eventSourceArn":"","records":{"t-7":[{}]}}"#).unwrap();
        assert_eq!(records(&event).unwrap()[0].source, SELF_MANAGED);
    }

    #[test]
    fn offsets_keep_their_digits_and_odd_ones_are_none() {
        with(r#"{"offset":9223372036854775807}"#, |record| assert_eq!(record.sequence.as_deref(), Some("9223372036854775807")));
        for offset in ["-1", "1.0", "1e3", "\"15\"", "null", "10000000000000000000000"] {
            with(&format!(r#"{{"offset":{offset}}}"#), |record| assert_eq!(record.sequence, None, "{offset}"));
        }
    }

    #[test]
    fn milliseconds_become_exact_seconds_and_odd_ones_nothing() {
        for (millis, expected) in [
            ("1545084650987", Some("1545084650.987")),
            ("1545084650000", Some("1545084650.000")),
            ("7", Some("0.007")),
            ("0", Some("0.000")),
            ("9223372036854775807", Some("9223372036854775.807")),
            ("-1", None),
            ("1.5e12", None),
            ("\"1545084650987\"", None),
            ("null", None),
        ] {
            with(&format!(r#"{{"timestamp":{millis}}}"#), |record| assert_eq!(record.arrival.as_deref(), expected, "{millis}"));
        }
    }

    #[test]
    fn a_value_that_is_null_or_absent_is_a_tombstone() {
        with(r#"{"value":null}"#, |record| assert_eq!(record.data, Data::Tombstone));
        with("{}", |record| assert_eq!(record.data, Data::Tombstone));
        with(r#"{"value":""}"#, |record| assert_eq!(record.data, Data::Base64("".into())));
        with(r#"{"value":7}"#, |record| assert_eq!(record.data, Data::Missing));
    }

    #[test]
    fn keys_are_text_bytes_or_missing() {
        let key = |key: &str| with(key, |record| (record.partition_key.as_deref().map(str::to_owned), record.key_is_binary));
        assert_eq!(key(r#"{"key":"Y2zDqQ=="}"#), (Some("clé".to_owned()), false));
        assert_eq!(key(r#"{"key":""}"#), (Some(String::new()), false));
        assert_eq!(key(r#"{"key":"/w=="}"#), (None, true));
        assert_eq!(key(r#"{"key":null}"#), (None, false));
        assert_eq!(key("{}"), (None, false));
        for odd in [r#"{"key":"not base64!"}"#, r#"{"key":7}"#] {
            with(odd, |record| assert_eq!(record.spoilt.as_ref().unwrap().reason, Reason::BadRecord));
        }
    }

    #[test]
    fn headers_are_signed_bytes_and_names_may_repeat() {
        let text = r#"{"headers":[{"a":[104,-61,-87]},{"b":null,"c":[]},{"a":[-128,127,255]}]}"#;
        with(text, |record| {
            let seen: Vec<(&str, Option<&[u8]>)> = record.headers.iter().map(|header| (header.name, header.value.as_deref())).collect();
            assert_eq!(seen, [("a", Some("hé".as_bytes())), ("b", None), ("c", Some(b"")), ("a", Some(&[128, 127, 255]))]);
        });
        with(r#"{"headers":null}"#, |record| assert!(record.headers.is_empty() && record.spoilt.is_none()));
        for odd in ["7", "[7]", r#"[{"a":"text"}]"#, r#"[{"a":[256]}]"#, r#"[{"a":[-129]}]"#, r#"[{"a":[1.0]}]"#] {
            with(&format!(r#"{{"headers":{odd}}}"#), |record| assert!(record.spoilt.is_some(), "{odd}"));
        }
    }

    #[test]
    fn an_odd_record_spoils_no_other_and_none_is_passed_over() {
        let event = parse(r#"{"eventSource":"aws:kafka","records":{"t-0":[5,{"offset":1},null],"t-1":{"offset":2},"t-2":null}}"#).unwrap();
        let records = records(&event).unwrap();
        let seen: Vec<_> = records.iter().map(|record| (record.shard.as_ref(), record.sequence.as_deref())).collect();
        assert_eq!(seen, [("t-0", None), ("t-0", Some("1")), ("t-0", None), ("t-1", Some("2")), ("t-2", None)]);
    }
}
