//! From the JSON of a subscription, as a file's entry or a request's body has it, to a [`Declaration`]; or everything that is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodbstreams::primitives::{DateTime, DateTimeFormat};
use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tablefeed::mapping::Filter;

use super::reader::{Reader, text};
use super::{Batch, Declaration, Images, Letters, OnFailure, Secret, Start};
use crate::change::EventName;

const FIELDS: &[&str] = &[
    "table_name",
    "url",
    "start",
    "batch",
    "on_failure",
    "max_attempts",
    "dead_letter",
    "timeout_ms",
    "secret",
    "headers",
    "where",
    "events",
    "image",
];

/// Headers that belong to a connection, or that every request has already.
const RESERVED: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The end of the year 9999, the last that RFC 3339 can name.
const LATEST_SECOND: f64 = 253_402_300_799.0;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// With dots inside an object; empty for the whole.
    pub field: String,
    pub messages: Vec<String>,
}

impl Default for Batch {
    fn default() -> Self {
        Batch { max_records: 100, max_bytes: 1 << 20, max_wait: Duration::ZERO }
    }
}

impl Declaration {
    /// Reads a declaration; the error names every field that cannot be used, and never shows a secret.
    pub fn parse(value: &Value) -> Result<Declaration, Vec<FieldError>> {
        let Value::Object(fields) = value else {
            return Err(vec![FieldError { field: String::new(), messages: vec!["a subscription is an object".to_owned()] }]);
        };
        let mut reader = Reader::new(fields, "", FIELDS);
        let table_name = reader.required("table_name", table_name);
        let url = reader.required("url", |value| text(value).and_then(url));
        let declaration = Declaration {
            table_name: table_name.unwrap_or_default(),
            url: url.unwrap_or_default(),
            start: reader.parsed("start", start).unwrap_or(Start::Latest),
            batch: batch(&mut reader),
            on_failure: on_failure(&mut reader),
            timeout: Duration::from_millis(reader.number("timeout_ms", 100..=900_000).unwrap_or(15_000)),
            secrets: reader.parsed("secret", secrets).unwrap_or_default(),
            headers: headers(&mut reader),
            filter: reader.parsed("where", filter),
            events: reader.parsed("events", events).unwrap_or_default(),
            images: reader.parsed("image", |value| text(value).and_then(images)).unwrap_or(Images::Both),
        };
        let problems = reader.problems();
        if problems.is_empty() { Ok(declaration) } else { Err(problems) }
    }
}

fn table_name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (3..=255).contains(&name.len()) && name.bytes().all(legal) {
        Ok(name.to_owned())
    } else {
        Err("must be a table's name: 3 to 255 letters, digits, '_', '.', '-'".to_owned())
    }
}

/// An absolute URL over HTTP, without a user's name in it.
pub(crate) fn url(text: &str) -> Result<String, String> {
    let wrong = || "must be a URL such as https://example.com/changes".to_owned();
    let url = text.parse::<Uri>().map_err(|_| wrong())?;
    match (url.scheme_str(), url.authority()) {
        (Some("http" | "https"), Some(authority)) if authority.as_str().contains('@') => {
            Err("must hold no user and password; give them in `headers`, as Authorization".to_owned())
        }
        (Some("http" | "https"), Some(authority)) if !authority.host().is_empty() => Ok(text.to_owned()),
        (Some("http" | "https") | None, _) => Err(wrong()),
        (Some(scheme), _) => Err(format!("is of the scheme {scheme}; only http and https are delivered to")),
    }
}

fn start(value: &Value) -> Result<Start, String> {
    let wrong = || "must be \"latest\", \"trim_horizon\", or {\"at\": a time in RFC 3339 or in epoch seconds}".to_owned();
    let millis = match value {
        Value::String(word) if word == "latest" => return Ok(Start::Latest),
        Value::String(word) if word == "trim_horizon" => return Ok(Start::TrimHorizon),
        Value::Object(members) if members.len() == 1 => match members.get("at") {
            Some(Value::String(time)) => {
                DateTime::from_str(time, DateTimeFormat::DateTimeWithOffset).ok().and_then(|time| time.to_millis().ok())
            }
            Some(Value::Number(seconds)) => seconds
                .as_f64()
                .filter(|seconds| *seconds <= LATEST_SECOND)
                .and_then(|seconds| DateTime::from_secs_f64(seconds).to_millis().ok()),
            _ => None,
        },
        _ => None,
    };
    millis.and_then(|millis| u64::try_from(millis).ok()).map(Start::At).ok_or_else(wrong)
}

fn batch(reader: &mut Reader<'_>) -> Batch {
    let default = Batch::default();
    let known = ["max_records", "max_bytes", "max_wait_ms"];
    let batch = reader.object("batch", "batch.", &known, |reader| Batch {
        max_records: reader.number("max_records", 1..=1000).map_or(default.max_records, to_usize),
        max_bytes: reader.number("max_bytes", 1..=64 << 20).map_or(default.max_bytes, to_usize),
        max_wait: reader.number("max_wait_ms", 0..=300_000).map_or(default.max_wait, Duration::from_millis),
    });
    batch.unwrap_or(default)
}

fn on_failure(reader: &mut Reader<'_>) -> OnFailure {
    let letters = reader.parsed("on_failure", |value| match text(value)? {
        "hold" => Ok(false),
        "dead_letter" => Ok(true),
        _ => Err("must be \"hold\" or \"dead_letter\"".to_owned()),
    });
    let attempts = reader.number("max_attempts", 1..=1000);
    let to = reader.object("dead_letter", "dead_letter.", &["file", "queue_url"], letters_of).flatten();
    if letters == Some(true) {
        if reader.value("dead_letter").is_none() {
            reader.problem("dead_letter", "required: on_failure is dead_letter, so {\"file\": …} or {\"queue_url\": …}");
        }
        return to
            .map_or(OnFailure::Hold, |to| OnFailure::DeadLetter { max_attempts: attempts.unwrap_or(10).try_into().unwrap_or(10), to });
    }
    for name in ["max_attempts", "dead_letter"] {
        if reader.value(name).is_some() {
            reader.problem(name, "means something with on_failure: dead_letter only");
        }
    }
    OnFailure::Hold
}

fn letters_of(reader: &mut Reader<'_>) -> Option<Letters> {
    let file = reader.parsed("file", text);
    let queue = reader.parsed("queue_url", |value| {
        let url = text(value).and_then(url)?;
        let fifo = Path::new(&url).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("fifo"));
        if fifo { Err("must be a standard queue, not a FIFO one".to_owned()) } else { Ok(url) }
    });
    match (file, queue) {
        (Some(file), None) => Some(Letters::File(PathBuf::from(file))),
        (None, Some(queue)) => Some(Letters::Queue(queue)),
        (Some(_), Some(_)) => {
            reader.problem("queue_url", "and file are both given; keep one");
            None
        }
        (None, None) => {
            if reader.value("file").or(reader.value("queue_url")).is_none() {
                reader.problem("file", "required, or queue_url");
            }
            None
        }
    }
}

fn secrets(value: &Value) -> Result<Vec<Secret>, String> {
    let parse = |value: &Value| text(value).and_then(|text| Secret::parse(text).map_err(|error| error.to_string()));
    match value {
        Value::Array(values) => values.iter().map(parse).collect(),
        value => Ok(vec![parse(value)?]),
    }
}

fn headers(reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let Some(given) = reader.parsed("headers", |value| value.as_object().ok_or_else(|| "must be an object of texts".to_owned())) else {
        return BTreeMap::new();
    };
    let mut headers = BTreeMap::new();
    for (name, value) in given {
        match value.as_str().ok_or_else(|| "must be a text".to_owned()).and_then(|value| header(name, value)) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(message) => reader.problem(&format!("headers.{name}"), message),
        }
    }
    headers
}

/// A header that a subscription may add: its name in lower case, and its value.
pub(crate) fn header(name: &str, value: &str) -> Result<(String, String), String> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "is no name of a header".to_owned())?;
    if RESERVED.contains(&name.as_str()) || name.as_str().starts_with("webhook-") {
        return Err("cannot be set: the relay sets it".to_owned());
    }
    HeaderValue::from_str(value).map_err(|_| "must be visible ASCII characters".to_owned())?;
    Ok((name.as_str().to_owned(), value.to_owned()))
}

fn filter(value: &Value) -> Result<String, String> {
    let text = value.to_string();
    Filter::compile(&text).map(|_| text)
}

fn events(value: &Value) -> Result<Vec<EventName>, String> {
    let wrong = || "must be a list of INSERT, MODIFY and REMOVE".to_owned();
    let names = value.as_array().filter(|names| !names.is_empty()).ok_or_else(wrong)?;
    names.iter().map(|name| name.as_str().and_then(EventName::named).ok_or_else(wrong)).collect()
}

/// The word for a choice of images.
pub(crate) fn images(word: &str) -> Result<Images, String> {
    match word {
        "both" => Ok(Images::Both),
        "new" => Ok(Images::New),
        "old" => Ok(Images::Old),
        "keys" => Ok(Images::KeysOnly),
        _ => Err("must be \"both\", \"new\", \"old\" or \"keys\"".to_owned()),
    }
}

/// Every number here was checked against a range that fits.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(value: &Value) -> Vec<(String, String)> {
        Declaration::parse(value).unwrap_err().into_iter().map(|error| (error.field, error.messages.join("; "))).collect()
    }

    /// The problem of the one field that is added to a good declaration.
    fn error(field: &str, value: Value) -> (String, String) {
        let mut declaration = json!({"table_name": "orders", "url": "http://a/"});
        declaration[field] = value;
        let mut errors = errors(&declaration);
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    #[test]
    fn a_table_and_a_url_are_enough() {
        let declaration = Declaration::parse(&json!({"table_name": "orders", "url": "https://example.com/x?y=1"})).unwrap();
        assert_eq!((declaration.start, declaration.timeout), (Start::Latest, Duration::from_secs(15)));
        assert_eq!((declaration.batch, declaration.on_failure), (Batch::default(), OnFailure::Hold));
        assert_eq!(declaration.images, Images::Both);
    }

    #[test]
    fn every_field_that_is_missing_or_unknown_is_named() {
        let expected = [("table_name", "required"), ("tabel_name", "did you mean `table_name`"), ("url", "required")];
        let errors = errors(&json!({"tabel_name": "orders"}));
        assert_eq!(errors.len(), 3);
        for (field, part) in expected {
            assert!(errors.iter().any(|(name, message)| name == field && message.contains(part)), "{field}: {errors:?}");
        }
        assert_eq!(super::tests::errors(&json!([]))[0].0, "");
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_says_why() {
        for (field, value, place, part) in [
            ("url", json!("ftp://a/"), "url", "only http and https"),
            ("url", json!("/x"), "url", "such as"),
            ("url", json!("http://u:p@a/"), "url", "Authorization"),
            ("url", json!(1), "url", "a text"),
            ("table_name", json!("a/b"), "table_name", "a table's name"),
            ("start", json!("now"), "start", "trim_horizon"),
            ("start", json!({"at": "yesterday"}), "start", "RFC 3339"),
            ("batch", json!({"max_records": 0}), "batch.max_records", "from 1 to 1000"),
            ("batch", json!({"max_record": 1}), "batch.max_record", "did you mean `max_records`"),
            ("on_failure", json!("drop"), "on_failure", "hold"),
            ("on_failure", json!("dead_letter"), "dead_letter", "required"),
            ("max_attempts", json!(3), "max_attempts", "on_failure: dead_letter only"),
            ("timeout_ms", json!("1s"), "timeout_ms", "whole number"),
            ("secret", json!("whsec_aa"), "secret", "24 to 64 bytes"),
            ("headers", json!({"Host": "a"}), "headers.Host", "cannot be set"),
            ("headers", json!({"webhook-id": "a"}), "headers.webhook-id", "cannot be set"),
            ("headers", json!({"x y": "a"}), "headers.x y", "no name"),
            ("headers", json!({"x": "a\nb"}), "headers.x", "visible"),
            ("where", json!({"a": "x"}), "where", "/a"),
            ("events", json!(["insert"]), "events", "INSERT"),
            ("image", json!("all"), "image", "keys"),
        ] {
            let (name, message) = error(field, value.clone());
            assert!(name == place && message.contains(part), "{field} {value}: {name}: {message}");
        }
        let both = json!({"table_name": "orders", "url": "http://a/", "on_failure": "dead_letter", "dead_letter": {"file": "x", "queue_url": "http://q/1/l"}});
        assert_eq!(errors(&both)[0].0, "dead_letter.queue_url");
    }

    #[test]
    fn times_are_rfc_3339_or_epoch_seconds() {
        let at = |value: Value| start(&json!({ "at": value })).unwrap();
        assert_eq!(at(json!("2026-01-01T01:00:00+01:00")), Start::At(1_767_225_600_000));
        assert_eq!((at(json!(1.5)), at(json!(7))), (Start::At(1500), Start::At(7000)));
    }
}
