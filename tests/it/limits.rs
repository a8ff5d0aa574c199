//! Failure table: PERSIST_RECORDS and MAX_EVENT_BYTES.

use crate::event::{Event, curated, sequence};
use crate::query::texts;
use crate::world::{BY_ID, FUNCTION, World};

#[tokio::test]
async fn documents_over_the_limit_are_letters_in_stream_order() {
    let world = World::new().await;
    let seen = world.invoke(&[("PERSIST_RECORDS", "2")], &Event::of((0..4).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("over_limit", 2)], None));
    assert_eq!(texts(&world.items().await, "S3Key"), ["s3://b/waze/0", "s3://b/waze/1"]);
    let letters = world.letters().await;
    assert_eq!(letters.iter().map(|letter| letter["sequence"].as_str().unwrap()).collect::<Vec<_>>(), [sequence(2), sequence(3)]);
    assert_eq!(letters[0]["reason"], "over_limit");
}

#[tokio::test]
async fn or_they_are_left_out_on_purpose() {
    let world = World::new().await;
    let seen = world.invoke(&[("PERSIST_RECORDS", "2"), ("OVER_LIMIT", "skip")], &Event::of((0..4).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("skipped", 2)], None));
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn a_document_whose_key_is_admitted_already_replaces_it_and_does_not_count() {
    let world = World::for_mapping(BY_ID).await;
    let event = Event::of([r#"{"id":"a","v":"1"}"#, r#"{"id":"b","v":"1"}"#, r#"{"id":"c","v":"1"}"#, r#"{"id":"a","v":"2"}"#]);
    let seen = world.invoke(&[("MAPPING", BY_ID), ("PERSIST_RECORDS", "2")], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("superseded", 1), ("over_limit", 1)]);
    assert_eq!(texts(&world.items().await, "v"), ["1", "2"]);
}

#[tokio::test]
async fn zero_is_a_dry_run_that_calls_nobody() {
    let world = World::new().await;
    let other = curated(1).replace("waze/", "other/");
    let seen = world.invoke(&[("PERSIST_RECORDS", "0")], &Event::of([curated(0).as_str(), "poison", &other])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("filtered", 1), ("skipped", 2)], None));
    assert!(world.aws.recorder().iam_actions(Some(FUNCTION)).is_empty());
    assert!(seen.handled.report.metrics().unwrap().contains("\"DryRun\":1"));
    assert!(seen.handled.report.log_line().contains("\"level\":\"WARN\""));
    assert!(world.settings(&[("PERSIST_RECORDS", "0")]).unwrap().warnings[0].contains("dry run"));
}

#[tokio::test]
async fn one_is_legal_with_a_warning_because_it_was_a_flag_once() {
    let world = World::new().await;
    let seen = world.invoke(&[("PERSIST_RECORDS", "1")], &Event::of((0..2).map(curated))).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("over_limit", 1)]);
    assert!(world.settings(&[("PERSIST_RECORDS", "1")]).unwrap().warnings[0].contains("flag"));
}

#[tokio::test]
async fn decoding_stops_at_the_events_bound_but_never_before_the_first_record() {
    let world = World::new().await;
    let length = curated(0).len();
    let two_and_a_half = (length * 5 / 2).to_string();
    let seen = world.invoke(&[("MAX_EVENT_BYTES", &two_and_a_half)], &Event::of((0..4).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("retry", 2)], Some(sequence(2))));
    let seen = world.invoke(&[("MAX_EVENT_BYTES", "1")], &Event::of((0..4).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1), ("retry", 3)], Some(sequence(1))));
}
