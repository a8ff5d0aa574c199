//! A letter: what could not be stored, why, and where it came from, as a message for the dead-letter queue. Pure.
//!
//! The body is one JSON object (its members are those of `Body`). Data travel as base64, because SQS refuses control characters;
//! data that are too large travel compressed, and if that is too large they are left out, so that the letter itself always fits.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::decode::record::Header;
use crate::mapping::Origin;
use crate::reason::{Reason, Rejection};

/// What a message may weigh with its attributes (API reference of SQS).
pub const MAX_MESSAGE_BYTES: usize = 1_048_576;

/// The version of the body's shape.
pub(super) const VERSION: u32 = 1;

/// An error text is cut to this many bytes.
const MAX_ERROR_BYTES: usize = 1024;

/// A message attribute is cut to this many characters.
const MAX_ATTRIBUTE_CHARS: usize = 256;

/// A letter without data carries a key of at most this many bytes.
const MAX_KEY_BYTES: usize = 1024;

const ZSTD_LEVEL: i32 = 3;

/// What a letter's data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// One document's text.
    Document,
    /// All of a record's bytes as they came: it could not be split into documents.
    Record,
    /// All of a user record's bytes as they stood in its aggregate: it could not be split into documents.
    UserRecord,
    /// The record's data as the event had them, not base64.
    Text,
    /// The record as the event had it, as JSON: it lacks what every record has.
    EventRecord,
    /// Nothing: the record is a tombstone.
    Tombstone,
}

/// One letter, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// `UUIDv5` of identity and reason: the same at every delivery; a letter that was redriven in vain keeps it.
    pub id: Uuid,
    pub reason: Reason,
    pub source: String,
    pub body: String,
    /// Whether the body carries the data.
    pub has_data: bool,
}

/// The invocation that a letter came from.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    pub request_id: &'a str,
    pub function: &'a str,
}

/// What a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub origin: &'a Origin<'a>,
    pub rejection: &'a Rejection,
    pub content: Content,
    pub past: Past,
}

/// What became of the document before, if it was a letter already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// The letter's id, which it keeps.
    pub id: Option<Uuid>,
    /// How often it was redriven in vain.
    pub redrives: u32,
}

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: String,
    reason: &'a str,
    error: &'a str,
    source: &'a str,
    shard: &'a str,
    sequence: &'a str,
    sub_sequence: u32,
    partition_key: Option<&'a str>,
    /// Base64 or null by name, the last of each name.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'a str, Option<String>>>,
    arrival: Option<&'a RawValue>,
    batch_id: Option<&'a str>,
    request_id: &'a str,
    function: &'a str,
    content: Content,
    /// `base64` or `zstd+base64`.
    data_encoding: Option<&'a str>,
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_omitted: Option<&'a str>,
    /// Left out at 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    redrives: Option<u32>,
}

impl Letter {
    /// A letter of at most [`MAX_MESSAGE_BYTES`] that carries `data`.
    pub fn new(subject: &Subject<'_>, sender: Sender<'_>, data: &[u8]) -> Letter {
        let plain = (data.len() <= MAX_MESSAGE_BYTES).then(|| ("base64", STANDARD.encode(data)));
        let letter = plain.map(|(encoding, text)| Letter::with(subject, sender, Some((encoding, &text))));
        if let Some(letter) = letter.filter(Letter::fits) {
            return letter;
        }
        let packed = zstd::encode_all(data, ZSTD_LEVEL).ok().map(|packed| ("zstd+base64", STANDARD.encode(packed)));
        let letter = packed.map(|(encoding, text)| Letter::with(subject, sender, Some((encoding, &text))));
        letter.filter(Letter::fits).unwrap_or_else(|| Letter::without_data(subject, sender))
    }

    /// The letter as it is sent to a queue that refused it for its size: data, headers and a long key stay where they are, in the stream.
    pub fn without_data(subject: &Subject<'_>, sender: Sender<'_>) -> Letter {
        Letter::with(subject, sender, None)
    }

    fn with(&Subject { origin, rejection, content, past }: &Subject<'_>, sender: Sender<'_>, data: Option<(&str, &str)>) -> Letter {
        let reason = rejection.reason;
        let id = past.id.unwrap_or_else(|| letter_id(origin, reason));
        let body = Body {
            version: VERSION,
            id: id.to_string(),
            reason: reason.code(),
            error: cut(&rejection.message),
            source: origin.source,
            shard: origin.shard,
            sequence: origin.sequence,
            sub_sequence: origin.sub_sequence,
            partition_key: origin.partition_key.filter(|key| data.is_some() || key.len() <= MAX_KEY_BYTES),
            headers: data.and(headers(origin)),
            arrival: origin.arrival.and_then(|digits| serde_json::from_str(digits).ok()),
            batch_id: origin.batch,
            request_id: sender.request_id,
            function: sender.function,
            content,
            data_encoding: data.map(|(encoding, _)| encoding),
            data: data.map(|(_, text)| text),
            data_omitted: data.is_none().then_some("size"),
            redrives: Some(past.redrives).filter(|redrives| *redrives > 0),
        };
        // Nothing in the body can fail to serialise: its map has text keys only.
        let body = serde_json::to_string(&body).unwrap_or_default();
        Letter { id, reason, source: attribute_text(origin.source), body: sqs_text(body), has_data: data.is_some() }
    }

    /// Bytes that SQS counts: the body, and the name, type and value of each attribute.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.attributes().iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum::<usize>()
    }

    fn fits(&self) -> bool {
        self.bytes() <= MAX_MESSAGE_BYTES
    }

    /// The message's attributes, all of type `String`, never empty.
    pub fn attributes(&self) -> [(&'static str, &str); 2] {
        [("reason", self.reason.code()), ("source", &self.source)]
    }
}

fn letter_id(origin: &Origin<'_>, reason: Reason) -> Uuid {
    Uuid::new_v5(&origin.namespace, format!("{}\n{}", origin.identity(), reason.code()).as_bytes())
}

fn headers<'a>(origin: &Origin<'a>) -> Option<BTreeMap<&'a str, Option<String>>> {
    let of_header = |header: &'a Header<'a>| (header.name, header.value.as_ref().map(|value| STANDARD.encode(value)));
    (!origin.headers.is_empty()).then(|| origin.headers.iter().map(of_header).collect())
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ERROR_BYTES)]
}

/// SQS refuses two characters that JSON allows unescaped; in JSON they can only stand inside a string.
fn sqs_text(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) { json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff") } else { json }
}

/// A message attribute's value: never empty, no character that SQS refuses.
fn attribute_text(text: &str) -> String {
    let text: String = text.chars().take(MAX_ATTRIBUTE_CHARS).map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Json, parse};

    const SENDER: Sender<'static> = Sender { request_id: "request", function: "persist" };

    fn origin() -> Origin<'static> {
        Origin {
            namespace: uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4"),
            source: "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
            shard: "shardId-000000000000",
            sequence: "49590338271490256608559692538361571095921575989136588898",
            sub_sequence: 2,
            partition_key: Some("p\u{fffe}"),
            key_is_binary: false,
            headers: &[],
            arrival: Some("1545084650.987"),
            batch: Some("b-1"),
        }
    }

    fn about(origin: &Origin<'_>, rejection: &Rejection, data: &[u8]) -> Letter {
        Letter::new(&Subject { origin, rejection, content: Content::Document, past: Past::default() }, SENDER, data)
    }

    fn letter(data: &[u8]) -> Letter {
        about(&origin(), &Rejection::new(Reason::BadJson, "e".repeat(5000)), data)
    }

    fn member<'a>(body: &'a Json<'a>, name: &str) -> &'a Json<'a> {
        body.get(name).unwrap()
    }

    #[test]
    fn a_letter_says_where_it_came_from_and_carries_the_document() {
        let letter = letter(b"{\"a\":1}");
        let body = parse(&letter.body).unwrap();
        assert_eq!(member(&body, "reason"), &Json::String("bad_json".into()));
        assert_eq!(member(&body, "arrival"), &Json::Number("1545084650.987"));
        assert_eq!(member(&body, "data"), &Json::String("eyJhIjoxfQ==".into()));
        assert_eq!(member(&body, "partition_key"), &Json::String("p\u{fffe}".into()));
        assert!(!letter.body.contains('\u{fffe}'), "SQS refuses it unescaped");
        assert_eq!(body.get("data_omitted"), None);
    }

    #[test]
    fn headers_travel_by_name_as_base64_and_of_a_name_the_last() {
        let header = |name, value: Option<&[u8]>| Header { name, value: value.map(<[u8]>::to_vec) };
        let headers = [header("a", Some(b"1")), header("b", None), header("a", Some(b"\xff"))];
        let rejection = Rejection::new(Reason::BadJson, "");
        let of = |headers| {
            let origin = Origin { headers, partition_key: None, ..origin() };
            about(&origin, &rejection, b"").body
        };
        let (with, without) = (of(&headers), of(&[]));
        assert_eq!(parse(&with).unwrap().get("headers").unwrap().to_string(), r#"{"a":"/w==","b":null}"#);
        assert_eq!(member(&parse(&with).unwrap(), "partition_key"), &Json::Null);
        assert_eq!(parse(&without).unwrap().get("headers"), None);
    }

    #[test]
    fn a_letter_fits_however_long_key_and_headers_are() {
        let long = "k".repeat(MAX_MESSAGE_BYTES);
        let headers = [Header { name: "h", value: Some(long.clone().into_bytes()) }];
        for origin in [Origin { partition_key: Some(&long), ..origin() }, Origin { headers: &headers, ..origin() }] {
            let letter = about(&origin, &Rejection::new(Reason::BadJson, ""), b"{}");
            assert!(letter.fits() && !letter.has_data, "a part of what is needed to map the document again would mislead");
        }
    }

    #[test]
    fn its_id_is_the_same_at_every_delivery_and_differs_by_reason() {
        let other = about(&origin(), &Rejection::new(Reason::MissingField, ""), b"");
        assert_eq!(letter(b"x").id, letter(b"x").id);
        assert_ne!(letter(b"x").id, other.id);
    }

    #[test]
    fn data_too_large_are_compressed_and_then_left_out() {
        let repetitive = letter(&b"{\"a\":1}".repeat(200_000));
        let body = parse(&repetitive.body).unwrap();
        assert_eq!(member(&body, "data_encoding"), &Json::String("zstd+base64".into()));
        let noise: Vec<u8> =
            (0..400_000u32).flat_map(|n| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, &n.to_le_bytes()).into_bytes()).collect();
        let without = letter(&noise);
        let body = parse(&without.body).unwrap();
        assert_eq!(member(&body, "data"), &Json::Null);
        assert_eq!(member(&body, "data_omitted"), &Json::String("size".into()));
        assert!(!without.has_data);
    }

    proptest::proptest! {
        #[test]
        fn a_letter_always_fits(length in 786_000usize..787_000) {
            proptest::prop_assert!(letter(&vec![b'x'; length]).bytes() <= MAX_MESSAGE_BYTES);
        }
    }
}
