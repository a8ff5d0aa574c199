//! Documents that delete: in the same plan, dedupe and order as those that put.

use tablefeed_local::{Fault, Rule, Select};

use crate::event::Event;
use crate::query::texts;
use crate::world::{Seen, World};

const MAPPING: &str = r#"{"key": {"partition": "id", "sort": "n"}, "types": {"id": "S", "n": "N"}, "delete": {"op": ["delete"]}}"#;

async fn invoke(world: &World, documents: &[&str]) -> Seen {
    world.invoke(&[("MAPPING", MAPPING)], &Event::of(documents)).await
}

#[tokio::test]
async fn a_document_deletes_the_item_of_its_typed_key_and_no_other() {
    let world = World::for_mapping(MAPPING).await;
    invoke(&world, &[r#"{"id":"a","n":1.0}"#, r#"{"id":"a","n":2}"#, r#"{"id":"b","n":1}"#]).await;
    let seen = invoke(&world, &[r#"{"id":"a","n":1,"op":"delete"}"#, r#"{"id":"never","n":1,"op":"delete"}"#]).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2)], None));
    assert_eq!(texts(&world.items().await, "id"), ["a", "b"]);
}

#[tokio::test]
async fn the_last_document_of_a_key_decides_whether_it_is_there() {
    let world = World::for_mapping(MAPPING).await;
    let documents = [
        r#"[{"id":"a","n":1},{"id":"b","n":1,"op":"delete"},{"id":"a","n":1,"op":"delete"}]"#,
        r#"{"id":"b","n":1}"#,
        r#"{"id":"c","n":1,"op":"delete"}"#,
    ];
    let seen = invoke(&world, &documents).await;
    assert_eq!(seen.outcomes(), [("persisted", 3), ("superseded", 2)]);
    assert_eq!(texts(&world.items().await, "id"), ["b"]);
    invoke(&world, &documents).await;
    assert_eq!(texts(&world.items().await, "id"), ["b"]);
}

#[tokio::test]
async fn a_deletion_that_comes_back_unprocessed_is_sent_again() {
    let world = World::for_mapping(MAPPING).await;
    invoke(&world, &[r#"{"id":"a","n":1}"#, r#"{"id":"b","n":1}"#]).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Indices([0].into()))).operation("BatchWriteItem").times(2));
    let seen = invoke(&world, &[r#"{"id":"a","n":1.0,"op":"delete"}"#, r#"{"id":"c","n":1}"#]).await;
    assert_eq!(seen.outcomes(), [("persisted", 2)]);
    assert_eq!(texts(&world.items().await, "id"), ["b", "c"]);
}

#[tokio::test]
async fn a_deletion_without_its_key_is_a_letter() {
    let world = World::for_mapping(MAPPING).await;
    let seen = invoke(&world, &[r#"{"id":"a","op":"delete"}"#]).await;
    assert_eq!(seen.outcomes(), [("rejected", 1)]);
    assert_eq!(world.reasons().await, ["missing_field"]);
}
