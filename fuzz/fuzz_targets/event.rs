//! Any bytes as an event, decoded as far as documents: each lies where it says, in order, and the function counts the same ones.

#![no_main]

use std::cell::OnceCell;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::decode::documents::{Document, MAX_DOCUMENTS, documents};
use tablefeed::decode::event::{self, Kind};
use tablefeed::decode::parts::{Part, parts};
use tablefeed::decode::payload::payload;
use tablefeed::decode::record::{Data, Record};
use tablefeed::json::{Json, parse};
use tablefeed::persist::{Function, Invocation};
use tablefeed::settings::Settings;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// What one record may decompress to.
const MOST: usize = 1 << 18;

/// Documents that a part may hold here, so that too many are not rare.
const FEW: usize = 5;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// The function in a dry run: it calls nothing, so nothing listens at its endpoint.
static FUNCTION: LazyLock<Function> = LazyLock::new(|| {
    let settings = |name: &str| match name {
        "TABLE" => Some("Table".to_owned()),
        "DLQ_URL" => Some("http://127.0.0.1:1/000000000000/letters".to_owned()),
        "MAPPING" => Some("document".to_owned()),
        "PERSIST_RECORDS" => Some("0".to_owned()),
        "MAX_EVENT_BYTES" => Some((1_u64 << 40).to_string()),
        "MAX_DECOMPRESSED_BYTES" => Some(MOST.to_string()),
        _ => None,
    };
    let settings = Settings::parse(settings, |path| std::fs::read_to_string(path)).expect("settings");
    Function::new(settings, Clients::new(&config_for_endpoint("http://127.0.0.1:1"), "fuzz", None))
});

fuzz_target!(|bytes: &[u8]| {
    // Base64 hides most of a record from the fuzzer, so the same bytes are a part's text, too.
    holds(bytes);
    let tree = OnceCell::new();
    let Ok((kind, records)) = event::records(bytes, &tree) else { return };
    let text = std::str::from_utf8(bytes).expect("a text that was read");
    assert_eq!(records.len(), raw(kind, &parse(text).expect("JSON that was read")), "every record of the event is one");
    let documents = records.iter().map(record).sum::<usize>();
    assert_eq!(function(bytes), documents as u64, "the function counts other documents");
});

/// How many records an event has.
fn raw(kind: Kind, event: &Json<'_>) -> usize {
    let array = |array: &Json<'_>| if let Json::Array(records) = array { records.len() } else { 1 };
    match (kind, event.get("Records"), event.get("records")) {
        (Kind::Kinesis, Some(records), _) => array(records),
        (Kind::Kafka, _, Some(Json::Object(partitions))) => partitions.iter().map(|(_, records)| array(records)).sum(),
        _ => panic!("records of an event that has none"),
    }
}

/// How many documents of an event the function accounts for.
fn function(event: &[u8]) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    let invocation = Invocation::new("", "", deadline, SystemTime::now());
    let report = RUNTIME.block_on(FUNCTION.handle(event, &invocation)).expect("an event that can be read").report;
    assert!(report.checkpoint.is_none(), "a dry run leaves nothing unfinished");
    report.outcomes.documents()
}

/// The number of documents that a record holds; one that cannot be decoded or opened counts as one.
fn record(record: &Record<'_>) -> usize {
    assert!(record.sequence.as_deref().is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())));
    let Ok(payload) = payload(record, None) else { return 1 };
    if record.data == Data::Tombstone {
        return 1;
    }
    let Ok(opened) = parts(&payload, record.partition_key.as_deref(), MOST) else { return 1 };
    // What fails takes half of what is left, so all failures together make no more than the budget, and one byte each.
    assert!(opened.bytes <= 2 * MOST + opened.parts.len() + payload.len());
    opened.parts.iter().map(|opened| part(opened, &payload)).sum()
}

fn part(part: &Part<'_>, payload: &[u8]) -> usize {
    lies_within(part.bytes, payload);
    let Ok(text) = &part.text else { return 1 };
    assert!(text.len() <= MOST.max(part.bytes.len()));
    holds(text)
}

/// The number of documents that a part's text holds.
fn holds(text: &[u8]) -> usize {
    split(text, FEW);
    split(text, MAX_DOCUMENTS)
}

/// Splits a part's text, twice, and returns how many documents it holds.
fn split(text: &[u8], most: usize) -> usize {
    let split = documents(text, most);
    assert_eq!(format!("{split:?}"), format!("{:?}", documents(text, most)), "splitting has one result");
    assert!(split.len() <= most.max(1));
    for (sub_sequence, document) in (0..).zip(&split) {
        assert_eq!(document.sub_sequence, sub_sequence, "sub-sequence numbers have no gaps");
        is_sound(document, text);
    }
    for pair in split.windows(2) {
        assert!(pair[0].bytes.as_ptr_range().end <= pair[1].bytes.as_ptr_range().start, "documents stand one behind another");
    }
    assert!(split.len() == 1 || !split.iter().any(|document| document.whole));
    split.len()
}

fn is_sound(document: &Document<'_>, text: &[u8]) {
    lies_within(document.bytes, text);
    match &document.value {
        Ok(value) => {
            assert!(matches!(value, Json::Object(_)) && !document.whole);
            let own = std::str::from_utf8(document.bytes).expect("a document is text");
            assert_eq!(parse(own).as_ref(), Ok(value), "a document's text is the document");
            assert_eq!(parse(&value.to_string()).as_ref(), Ok(value), "and so it is when it is written again");
        }
        Err(rejection) => assert!(!rejection.message.is_empty()),
    }
    assert!(!document.whole || document.bytes == text);
}

fn lies_within(inner: &[u8], outer: &[u8]) {
    let (inner, outer) = (inner.as_ptr_range(), outer.as_ptr_range());
    assert!(inner.start >= outer.start && inner.end <= outer.end, "a slice that lies beyond");
}
