//! `WRITE_MODE=newest`: for one key a later document never loses to an earlier one, however late or often that comes.

use tablefeed_local::{Fault, Rule};

use crate::event::Event;
use crate::world::{BY_ID, Seen, World};

const DELETING: &str = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "delete": {"gone": [true]}}"#;

async fn invoke(world: &World, changes: &[(&str, &str)], event: &Event) -> Seen {
    world.invoke(&[&[("WRITE_MODE", "newest"), ("MAPPING", BY_ID)], changes].concat(), event).await
}

/// The values of `v`, by key.
async fn values(world: &World) -> Vec<String> {
    let mut values: Vec<String> =
        world.items().await.iter().map(|item| format!("{}{}", item["id"].as_s().unwrap(), item["v"].as_n().unwrap())).collect();
    values.sort();
    values
}

#[tokio::test]
async fn a_late_redelivery_of_an_earlier_record_changes_nothing() {
    let world = World::for_mapping(BY_ID).await;
    let event = Event::of([r#"{"id":"a","v":1}"#, r#"{"id":"b","v":2}"#, r#"{"id":"a","v":3}"#]);
    let seen = invoke(&world, &[], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("superseded", 1)]);
    let stored = world.items().await;
    // Only the first two records: what a function that was thought dead would still write.
    let late = invoke(&world, &[], &event.first(2)).await;
    assert_eq!((late.outcomes(), late.checkpoint()), (vec![("persisted", 1), ("superseded", 1)], None));
    assert_eq!(world.items().await, stored);
    assert_eq!(values(&world).await, ["a3", "b2"]);
}

#[tokio::test]
async fn sequence_numbers_are_compared_as_numbers() {
    let world = World::for_mapping(BY_ID).await;
    let at = |sequence: &str, v: u32| Event::default().at(sequence, format!(r#"{{"id":"a","v":{v}}}"#));
    invoke(&world, &[], &at("100", 1)).await;
    let late = invoke(&world, &[], &at("99", 2)).await;
    assert_eq!(late.outcomes(), [("superseded", 1)]);
    assert_eq!(invoke(&world, &[], &at(&format!("1{}", "0".repeat(128)), 3)).await.outcomes(), [("persisted", 1)]);
    assert_eq!(values(&world).await, ["a3"]);
}

#[tokio::test]
async fn the_field_to_order_by_decides_before_the_place_in_the_stream() {
    let world = World::for_mapping(BY_ID).await;
    let by_v = [("ORDER_BY", "v"), ("ORDER_ATTRIBUTE", "seen")];
    let event = Event::of([r#"[{"id":"a","v":9},{"id":"a","v":100},{"id":"a","v":20}]"#, r#"{"id":"b","v":-1.5}"#, r#"{"id":"b","v":-2}"#]);
    let seen = invoke(&world, &by_v, &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("superseded", 3)]);
    assert_eq!(values(&world).await, ["a100", "b-1.5"]);
    let later = invoke(&world, &by_v, &Event::of([r#"{"id":"a","v":99.9}"#, r#"{"id":"b","v":0}"#, r#"{"id":"b"}"#])).await;
    assert_eq!(later.outcomes(), [("persisted", 1), ("superseded", 1), ("rejected", 1)]);
    assert_eq!(values(&world).await, ["a100", "b0"]);
    assert!(world.items().await[0].contains_key("seen"));
    assert_eq!(world.reasons().await, ["missing_field"]);
}

#[tokio::test]
async fn an_older_deletion_deletes_nothing_and_a_newer_one_does() {
    let world = World::for_mapping(DELETING).await;
    let changes = [("MAPPING", DELETING), ("ORDER_BY", "v")];
    invoke(&world, &changes, &Event::of([r#"{"id":"a","v":5}"#])).await;
    let older = invoke(&world, &changes, &Event::of([r#"{"id":"a","v":4,"gone":true}"#])).await;
    assert_eq!(older.outcomes(), [("superseded", 1)]);
    assert_eq!(values(&world).await, ["a5"]);
    let newer = invoke(&world, &changes, &Event::of([r#"{"id":"a","v":6,"gone":true}"#])).await;
    assert_eq!(newer.outcomes(), [("persisted", 1)]);
    assert!(values(&world).await.is_empty());
}

#[tokio::test]
async fn an_item_that_has_no_order_yet_is_replaced() {
    let world = World::for_mapping(BY_ID).await;
    world.invoke(&[("MAPPING", BY_ID)], &Event::of([r#"{"id":"a","v":1}"#])).await;
    assert_eq!(invoke(&world, &[], &Event::of([r#"{"id":"a","v":2}"#])).await.outcomes(), [("persisted", 1)]);
    assert_eq!(values(&world).await, ["a2"]);
}

#[tokio::test]
async fn an_item_that_the_table_refuses_is_a_letter_and_the_one_before_it_is_written() {
    let world = World::for_mapping(BY_ID).await;
    world.fault(Rule::new(Fault::refuse_items("mark", "bad item")).operation("PutItem"));
    let seen = invoke(&world, &[], &Event::of([r#"{"id":"a","v":1}"#, r#"{"id":"a","v":2,"mark":1}"#])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1), ("failed", 1)], None));
    assert_eq!(values(&world).await, ["a1"]);
}

#[tokio::test]
async fn throttled_and_lost_writes_are_tried_again() {
    let world = World::for_mapping(BY_ID).await;
    world.fault(Rule::new(Fault::LostAnswer).operation("PutItem").times(1));
    world.fault(Rule::new(Fault::error(400, "ThrottlingException", "")).operation("PutItem").times(3));
    let seen = invoke(&world, &[("WRITE_FAILURES", "dlq")], &Event::of([r#"{"id":"a","v":1}"#, r#"{"id":"b","v":2}"#])).await;
    assert_eq!(seen.outcomes(), [("persisted", 2)]);
    assert_eq!((world.calls("PutItem"), world.calls("BatchWriteItem")), (6, 0));
    assert_eq!(seen.handled.report.calls.single_writes, 6);
}
