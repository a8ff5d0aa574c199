//! Failure table: the table refuses, throttles, fails, hangs or vanishes for a while.

use std::time::Duration;

use tablefeed::write::outcome::Outcome;
use tablefeed_local::{Fault, Rule, Select};

use crate::event::{Event, curated, sequence};
use crate::query::texts;
use crate::world::{BY_ID, World};

const WRITE: &str = "BatchWriteItem";

/// Sends 30 documents through `fault`, which strikes twice; everything must be written all the same.
async fn survives(fault: Fault) {
    let world = World::new().await;
    let struck = world.fault(Rule::new(fault.clone()).operation(WRITE).times(2));
    let seen = world.invoke(&[], &Event::of((0..30).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 30)], None), "{fault:?}");
    assert_eq!(world.items().await.len(), 30, "{fault:?}");
    assert_eq!(world.aws.faults().fired(struck), 2, "{fault:?}");
    assert!(world.letters().await.is_empty(), "{fault:?}");
}

#[tokio::test]
async fn transient_faults_of_the_table_are_retried_within_the_invocation() {
    survives(Fault::throttle("TableWriteProvisionedThroughputExceeded", "arn:aws:dynamodb:us-east-1:000000000000:table/t")).await;
    survives(Fault::error(400, "ProvisionedThroughputExceededException", "slow down")).await;
    survives(Fault::Unprocessed(Select::All)).await;
    survives(Fault::Unprocessed(Select::Indices([0, 2].into()))).await;
    survives(Fault::error(500, "InternalServerError", "oops")).await;
    survives(Fault::error(503, "ServiceUnavailable", "oops")).await;
    survives(Fault::Reset).await;
    survives(Fault::LostAnswer).await;
    survives(Fault::Cut).await;
}

#[tokio::test]
async fn a_table_that_hangs_costs_one_attempts_time_out() {
    survives(Fault::Hang).await;
}

#[tokio::test]
async fn what_stays_throttled_is_reported_from_the_first_unfinished_record_on() {
    let world = World::for_mapping(BY_ID).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Containing("slow".to_owned()))).operation(WRITE));
    let event = Event::of(["a", "b", "slow", "c", "d"].map(|id| format!(r#"{{"id":"{id}"}}"#)));
    let seen = world.invoke_within(&[("MAPPING", BY_ID)], &event, Duration::from_secs(3)).await;
    assert_eq!(seen.outcomes(), [("persisted", 4), ("retry", 1)]);
    assert_eq!(seen.checkpoint(), Some(sequence(2)));
    assert!(world.letters().await.is_empty(), "a transient fault is no letter");
    assert!(seen.handled.report.writes.throttles > 1);
}

#[tokio::test]
async fn no_letter_is_sent_for_a_document_at_or_past_the_checkpoint() {
    let world = World::for_mapping(BY_ID).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Containing("slow".to_owned()))).operation(WRITE));
    let event = Event::of(["poison 0", r#"{"id":"a"}"#, r#"[{"id":"slow"}, "poison 2"]"#, "poison 3"]);
    let seen = world.invoke_within(&[("MAPPING", BY_ID)], &event, Duration::from_secs(3)).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("rejected", 1), ("retry", 3)]);
    assert_eq!(seen.checkpoint(), Some(sequence(2)));
    let letters = world.letters().await;
    assert_eq!(letters.iter().map(|letter| letter["sequence"].clone()).collect::<Vec<_>>(), [sequence(0)]);
}

#[tokio::test]
async fn what_stays_throttled_becomes_letters_if_asked_for() {
    let world = World::new().await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Containing("waze/3\"".to_owned()))).operation(WRITE));
    let event = Event::of((0..6).map(curated));
    let seen = world.invoke_within(&[("WRITE_FAILURES", "dlq")], &event, Duration::from_secs(4)).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 5), ("failed", 1)], None));
    assert_eq!(world.reasons().await, ["write_failed"]);
}

#[tokio::test]
async fn a_table_that_cannot_be_reached_is_transient() {
    let world = World::new().await;
    world.fault_of(WRITE, Fault::Reset);
    let seen = world.invoke_within(&[], &Event::of((0..3).map(curated)), Duration::from_secs(3)).await;
    assert_eq!((seen.outcomes(), seen.checkpoint(), seen.systemic()), (vec![("retry", 3)], Some(sequence(0)), ""));
    let line: serde_json::Value = serde_json::from_str(&seen.handled.report.log_line()).unwrap();
    assert!(line["write_trouble"].as_str().is_some_and(|cause| cause.contains("connection")), "{line}");
}

#[tokio::test]
async fn an_item_that_the_table_refuses_becomes_a_letter_and_fails_no_other() {
    let world = World::for_mapping(BY_ID).await;
    world.fault_of(WRITE, Fault::refuse_items("culprit", "One or more parameter values were invalid"));
    let event = Event::of((0..25).map(|n| format!(r#"{{"id":"{}"}}"#, if n == 11 { "culprit".to_owned() } else { n.to_string() })));
    let seen = world.invoke(&[("MAPPING", BY_ID)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 24), ("failed", 1)], None));
    assert_eq!(world.items().await.len(), 24);
    let letters = world.letters().await;
    assert_eq!((letters[0]["reason"].as_str(), letters[0]["sequence"].as_str()), (Some("refused_by_table"), Some(sequence(11).as_str())));
    assert!(letters[0]["error"].as_str().unwrap().starts_with("ValidationException"));
}

#[tokio::test]
async fn an_item_collection_that_is_full_is_a_refusal_too() {
    let world = World::for_mapping(BY_ID).await;
    let code = "ItemCollectionSizeLimitExceededException".to_owned();
    world.fault_of(WRITE, Fault::RefuseItems { containing: "culprit".to_owned(), code, message: "full".to_owned() });
    let seen = world.invoke(&[("MAPPING", BY_ID)], &Event::of([r#"{"id":"a"}"#, r#"{"id":"culprit"}"#])).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("failed", 1)]);
}

#[tokio::test]
async fn the_latest_remaining_document_is_written_in_place_of_a_refused_winner() {
    let world = World::for_mapping(BY_ID).await;
    world.fault_of(WRITE, Fault::refuse_items("culprit", "One or more parameter values were invalid"));
    let event = Event::of([r#"{"id":"a","v":"1"}"#, r#"{"id":"a","v":"2"}"#, r#"{"id":"a","v":"culprit"}"#]);
    let seen = world.invoke(&[("MAPPING", BY_ID)], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("superseded", 1), ("failed", 1)]);
    assert_eq!(texts(&world.items().await, "v"), ["2"]);
    assert_eq!(seen.count(Outcome::Failed), 1);
}
