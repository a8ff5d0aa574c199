//! Kinds of record: compressed ones and aggregates, from event to item and letter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::event::{Event, curated, sequence};
use crate::query::{text, texts};
use crate::world::{BY_ID, World};

/// Keeps the partition key of each document beside its id.
const WITH_KEY: &str = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}", "from": "{@partition-key}"}}"#;

/// An item for each document, by its place in the stream.
const BY_PLACE: &str = r#"{"key": {"partition": "place"}, "types": {"place": "S"}, "item": {"place": "{@id}", "id": "{id}"}}"#;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../vectors/", $name))
    };
}

fn zstd(text: impl AsRef<[u8]>) -> Vec<u8> {
    zstd::encode_all(text.as_ref(), 3).unwrap()
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_records_are_read_like_others() {
    let world = World::new().await;
    let lines = format!("{}\n{}", curated(1), curated(2));
    let event = Event::of([gzip(curated(0)), zstd(lines), gzip(zstd(curated(3))), curated(4).into_bytes()]);
    let seen = world.invoke(&[], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 5)], None));
    let expected: Vec<String> = (0..5).map(|number| format!("s3://b/waze/{number}")).collect();
    assert_eq!(texts(&world.items().await, "S3Key"), expected);
}

#[tokio::test]
async fn zlib_is_read_and_a_text_that_looks_like_it_is_still_json_lines() {
    let world = World::for_mapping(BY_ID).await;
    let lines = "x^ no JSON\n{\"id\":\"b\"}\n{\"id\":\"c\"}";
    let event = Event::of([&vector!("level-5.zlib")[..], lines.as_bytes()]);
    let seen = world.invoke(&[("MAPPING", BY_ID)], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 3), ("rejected", 1)]);
    assert_eq!(texts(&world.items().await, "id"), ["a", "b", "c"]);
}

#[tokio::test]
async fn an_aggregates_documents_have_the_partition_keys_of_their_user_records() {
    let world = World::for_mapping(WITH_KEY).await;
    let event = Event::of([vector!("kpl-python.bin")]);
    let seen = world.invoke(&[("MAPPING", WITH_KEY)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 3), ("superseded", 1)], None));
    let items = world.items().await;
    let keys: Vec<_> = items.iter().map(|item| (text(item, "id"), text(item, "from"))).collect();
    assert_eq!(keys, [("c", "clé"), ("a", "key-1"), ("b", "key-1")], "the last `b` came under key-1");
}

#[tokio::test]
async fn a_redelivered_aggregate_rewrites_its_items() {
    let world = World::for_mapping(BY_PLACE).await;
    let event = Event::of([&vector!("kpl-python.bin")[..], vector!("kpl-node.bin")]);
    for _ in 0..2 {
        let seen = world.invoke(&[("MAPPING", BY_PLACE)], &event).await;
        assert_eq!(seen.outcomes(), [("persisted", 7)]);
    }
    assert_eq!(texts(&world.items().await, "id"), ["a", "a", "b", "b", "b", "c", "c"]);
}

#[tokio::test]
async fn a_spoilt_user_record_is_a_letter_and_the_rest_is_persisted() {
    let world = World::for_mapping(WITH_KEY).await;
    let event = Event::default().record("outer", vector!("kpl-key-out-of-range.bin"));
    let seen = world.invoke(&[("MAPPING", WITH_KEY)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 1)], None));
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("bad_aggregate"), &json!("user_record")));
    assert_eq!((&letters[0]["sub_sequence"], &letters[0]["partition_key"]), (&json!(1), &json!("outer")));
    assert_eq!(STANDARD.decode(letters[0]["data"].as_str().unwrap()).unwrap(), br#"{"id":"b"}"#);
}

#[tokio::test]
async fn a_user_record_that_cannot_be_decompressed_travels_as_it_came_under_its_own_key() {
    let world = World::for_mapping(WITH_KEY).await;
    let event = Event::default().record("outer", vector!("kpl-broken-gzip.bin"));
    let seen = world.invoke(&[("MAPPING", WITH_KEY)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 1)], None));
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("bad_compression"), &json!("user_record")));
    assert_eq!(letters[0]["partition_key"], "key-2");
    let data = STANDARD.decode(letters[0]["data"].as_str().unwrap()).unwrap();
    assert!(data.starts_with(&[0x1f, 0x8b]) && data.len() < 40, "{data:?}");
}

#[tokio::test]
async fn an_aggregate_without_user_records_is_done() {
    let world = World::for_mapping(BY_ID).await;
    let event = Event::of([&vector!("kpl-no-records.bin")[..], vector!("kpl-no-message.bin"), br#"{"id":"a"}"#]);
    let seen = world.invoke(&[("MAPPING", BY_ID)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1)], None));
}

#[tokio::test]
async fn a_record_whose_sum_is_wrong_is_an_ordinary_record() {
    let world = World::for_mapping(BY_ID).await;
    let seen = world.invoke(&[("MAPPING", BY_ID)], &Event::of([vector!("kpl-wrong-sum.bin")])).await;
    assert_eq!(seen.outcomes(), [("rejected", 1)]);
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("bad_utf8"), &json!("record")));
}

#[tokio::test]
async fn a_bomb_is_a_letter_and_the_event_goes_on() {
    let world = World::new().await;
    let bomb = gzip(vec![b' '; (16 << 20) + 1]);
    let seen = world.invoke(&[], &Event::of([curated(0).as_bytes(), &bomb, vector!("terabyte.zst"), curated(1).as_bytes()])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 2)], None));
    assert_eq!(world.reasons().await, ["decompressed_too_large", "bad_compression"]);
}

#[tokio::test]
async fn what_one_record_may_decompress_to_is_a_setting() {
    let world = World::new().await;
    let most = curated(0).len().to_string();
    let event = Event::of([gzip(curated(0)), gzip(format!("{} ", curated(1)))]);
    let seen = world.invoke(&[("MAX_DECOMPRESSED_BYTES", &most)], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("rejected", 1)]);
    assert_eq!(world.reasons().await, ["decompressed_too_large"]);
}

#[tokio::test]
async fn a_letter_carries_a_documents_text_or_a_whole_record_as_it_came() {
    let world = World::for_mapping(BY_ID).await;
    let broken = gzip(b"[{\"id\":\"x\"},");
    let event = Event::of([gzip(br#"[{"id":"a"},{"id":7}]"#), broken.clone()]);
    world.invoke(&[("MAPPING", BY_ID)], &event).await;
    let letters = world.letters().await;
    let data = |at: usize| STANDARD.decode(letters[at]["data"].as_str().unwrap()).unwrap();
    assert_eq!((&letters[0]["content"], &letters[0]["sub_sequence"], data(0)), (&json!("document"), &json!(1), br#"{"id":7}"#.to_vec()));
    assert_eq!((&letters[1]["content"], &letters[1]["reason"], data(1)), (&json!("record"), &json!("bad_json"), broken));
}

#[tokio::test]
async fn decoding_stops_at_the_events_bound_of_decompressed_bytes() {
    let world = World::new().await;
    let two_and_a_half = (curated(0).len() * 5 / 2).to_string();
    let event = Event::of((0..4).map(|number| gzip(curated(number))));
    let seen = world.invoke(&[("MAX_EVENT_BYTES", &two_and_a_half)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("retry", 2)], Some(sequence(2))));
    let seen = world.invoke(&[("MAX_EVENT_BYTES", "1")], &Event::of([vector!("kpl-python.bin"), vector!("kpl-python.bin")])).await;
    assert_eq!(seen.checkpoint(), Some(sequence(1)), "at least one record is always processed");
}

#[tokio::test]
async fn a_record_of_more_documents_than_one_may_hold_is_a_letter_and_the_event_goes_on() {
    let world = World::new().await;
    let many = format!("[{}{{}}]", "{},".repeat(100_000));
    let seen = world.invoke(&[], &Event::of([curated(0).into_bytes(), zstd(many), curated(2).into_bytes()])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 1)], None));
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["content"]), (&json!("too_many_documents"), &json!("record")));
}

#[tokio::test]
async fn an_event_stops_where_it_holds_as_many_documents_as_it_may() {
    let world = World::new().await;
    let unwanted = r#"{"s3-key":""}"#;
    let many = zstd(format!("[{}{unwanted}]", format!("{unwanted},").repeat(99_999)));
    let seen = world.invoke(&[], &Event::of([many.clone(), many, curated(2).into_bytes()])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("filtered", 100_000), ("retry", 2)], Some(sequence(1))));
}
