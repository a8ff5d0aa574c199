//! Failure table: a record that cannot become an item is a letter with a reason, and the event goes on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tablefeed::write::outcome::Outcome;

use crate::event::{Event, SHARD, SOURCE, curated, sequence};
use crate::world::{BATCH, BY_ID, World};

/// Sends one unfit document between two fit ones and returns its letter's reason.
async fn reason_of(mapping: &str, unfit: impl AsRef<[u8]>) -> String {
    let world = World::for_mapping(mapping).await;
    let event = Event::of([r#"{"id":"a"}"#]).record("key", unfit).record("key", r#"{"id":"z"}"#);
    let seen = world.invoke(&[("MAPPING", mapping)], &event).await;
    assert_eq!((seen.count(Outcome::Persisted), seen.count(Outcome::Rejected), seen.checkpoint()), (2, 1, None));
    assert_eq!(world.items().await.len(), 2);
    let reasons = world.reasons().await;
    assert_eq!(reasons.len(), 1);
    reasons[0].clone()
}

#[tokio::test]
async fn every_kind_of_unfit_document_is_found_before_a_request() {
    let nested = |levels: usize| format!(r#"{{"id":"x","v":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let unfit: Vec<(&str, Vec<u8>)> = vec![
        ("bad_json", br#"{"id":"x""#.to_vec()),
        ("bad_json", br#"{"id":"x"} x"#.to_vec()),
        ("bad_utf8", b"{\"id\":\"\xff\"}".to_vec()),
        ("not_an_object", b"[1]".to_vec()),
        ("missing_field", br#"{"name":"x"}"#.to_vec()),
        ("wrong_key_type", br#"{"id":7}"#.to_vec()),
        ("wrong_key_type", br#"{"id":null}"#.to_vec()),
        ("empty_key", br#"{"id":""}"#.to_vec()),
        ("key_too_long", format!(r#"{{"id":"{}"}}"#, "x".repeat(2049)).into_bytes()),
        ("number_out_of_range", br#"{"id":"x","n":1E126}"#.to_vec()),
        ("number_out_of_range", format!(r#"{{"id":"x","n":{}}}"#, "1".repeat(39)).into_bytes()),
        ("bad_attribute_name", br#"{"id":"x","":1}"#.to_vec()),
        ("nesting_too_deep", nested(40).into_bytes()),
        ("nesting_too_deep", nested(500).into_bytes()),
        ("item_too_large", format!(r#"{{"id":"x","v":"{}"}}"#, "x".repeat(409_600)).into_bytes()),
    ];
    for (reason, document) in unfit {
        let shown = String::from_utf8_lossy(&document[..document.len().min(60)]).into_owned();
        assert_eq!(reason_of(BY_ID, document).await, reason, "{shown}");
    }
}

#[tokio::test]
async fn a_document_is_judged_by_its_item_not_by_its_size() {
    let mapping = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}"}}"#;
    let world = World::for_mapping(mapping).await;
    let large = format!(r#"{{"id":"x","v":"{}"}}"#, "x".repeat(600_000));
    let seen = world.invoke(&[("MAPPING", mapping)], &Event::of([large])).await;
    assert_eq!(seen.outcomes(), [("persisted", 1)]);
}

#[tokio::test]
async fn a_letter_tells_everything_about_its_document() {
    let world = World::new().await;
    let document = r#"{"s3-key":"waze/1"}"#;
    world.invoke(&[], &Event::of([curated(0), format!("[{},{document}]", curated(1))])).await;
    let letters = world.letters().await;
    let letter = &letters[0];
    assert_eq!(letter["reason"], "missing_field");
    assert!(letter["error"].as_str().unwrap().contains("table-name"), "{letter}");
    assert_eq!((&letter["source"], &letter["shard"], &letter["sequence"]), (&json!(SOURCE), &json!(SHARD), &json!(sequence(1))));
    assert_eq!((&letter["sub_sequence"], &letter["partition_key"], &letter["batch_id"]), (&json!(1), &json!("key"), &json!(BATCH)));
    assert_eq!((&letter["request_id"], &letter["function"], &letter["version"]), (&json!("request-1"), &json!("persist"), &json!(1)));
    assert_eq!(letter["arrival"].to_string(), "1545084650.987");
    assert_eq!((&letter["content"], &letter["data_encoding"]), (&json!("document"), &json!("base64")));
    assert_eq!(STANDARD.decode(letter["data"].as_str().unwrap()).unwrap(), document.as_bytes());
}

#[tokio::test]
async fn letters_carry_reason_and_source_as_message_attributes() {
    let world = World::new().await;
    world.invoke(&[], &Event::of(["poison"])).await;
    let receive = world.clients.sqs.receive_message().queue_url(world.aws.queue_url("letters")).message_attribute_names("All");
    let messages = receive.send().await.unwrap().messages.unwrap();
    let attributes = messages[0].message_attributes().unwrap();
    assert_eq!(attributes["reason"].string_value(), Some("bad_json"));
    assert_eq!(attributes["source"].string_value(), Some(SOURCE));
}

#[tokio::test]
async fn a_record_that_could_not_be_split_travels_whole() {
    let world = World::new().await;
    let broken = format!("[{},{{\"s3-key\"", curated(1));
    world.invoke(&[], &Event::of([&broken]).encoded("key", "no base64!")).await;
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("bad_json"), &json!("record")));
    assert_eq!(STANDARD.decode(letters[0]["data"].as_str().unwrap()).unwrap(), broken.as_bytes());
    assert_eq!((&letters[1]["reason"], &letters[1]["content"]), (&json!("bad_base64"), &json!("text")));
    assert_eq!(STANDARD.decode(letters[1]["data"].as_str().unwrap()).unwrap(), b"no base64!");
}

#[tokio::test]
async fn a_record_without_a_sequence_number_is_a_letter_too() {
    let world = World::new().await;
    let text = String::from_utf8(Event::of([curated(0), curated(1)]).bytes()).unwrap();
    let odd = text.replace(&format!("\"sequenceNumber\":\"{}\"", sequence(1)), "\"sequenceNumber\":null");
    let handled = crate::world::invoke(&world.function(&[]), odd.as_bytes(), std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(handled.report.outcomes.of(Outcome::Persisted), 1);
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("bad_record"), &json!("event_record")));
}

#[tokio::test]
async fn a_document_that_no_mapping_wants_is_filtered_and_one_without_the_field_is_not() {
    let world = World::new().await;
    let other = curated(1).replace("waze/", "other/");
    let seen = world.invoke(&[], &Event::of([other.as_str(), r#"{"table-name":"t"}"#])).await;
    assert_eq!(seen.outcomes(), [("filtered", 1), ("rejected", 1)]);
    assert_eq!(world.reasons().await, ["missing_field"]);
}

#[tokio::test]
async fn a_panic_on_one_record_is_a_letter() {
    let world = World::new().await;
    let event = Event::of([curated(0)]).record("panic", curated(1)).record("key", curated(2));
    let seen = world.invoke(&[("DRILL_PANIC_PARTITION_KEY", "panic")], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("rejected", 1)]);
    assert_eq!(world.reasons().await, ["internal"]);
}
