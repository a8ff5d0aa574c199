//! The main path: documents become items.

use tablefeed_local::{Fault, Rule, Select};

use crate::event::{Event, curated, sequence};
use crate::query::text;
use crate::world::{BATCH, BY_ID, World};

#[tokio::test]
async fn a_curated_document_becomes_an_item_with_nine_attributes_tagged_with_the_batch() {
    let world = World::new().await;
    let seen = world.invoke(&[], &Event::of([curated(1)])).await;
    assert_eq!(seen.outcomes(), [("persisted", 1)]);
    assert_eq!(seen.checkpoint(), None);
    let items = world.items().await;
    let names: Vec<&str> = items[0].keys().map(String::as_str).collect();
    let expected =
        ["BatchId", "CurationRecordId", "DataTableName", "IsHistorical", "Month", "S3Key", "State", "TotalNumCuratedRecords", "Year"];
    assert_eq!(names, expected);
    assert_eq!((text(&items[0], "BatchId"), text(&items[0], "S3Key")), (BATCH, "s3://b/waze/1"));
    assert_eq!((text(&items[0], "IsHistorical"), text(&items[0], "TotalNumCuratedRecords")), ("False", "7"));
    assert_eq!((world.calls("GetParameter"), world.calls("BatchWriteItem"), world.calls("SendMessageBatch")), (1, 1, 0));
}

#[tokio::test]
async fn a_redelivery_rewrites_the_same_items_and_sends_the_same_letters() {
    let world = World::new().await;
    let event = Event::of([curated(1), "poison".to_owned(), curated(2)]);
    world.invoke(&[], &event).await;
    let (items, letters) = (world.items().await, world.letters().await);
    world.invoke(&[], &event).await;
    assert_eq!(world.items().await, items);
    let again = world.letters().await;
    assert_eq!((again.len(), &again[0]["id"]), (1, &letters[0]["id"]));
}

#[tokio::test]
async fn an_event_without_records_succeeds_without_a_call() {
    let world = World::new().await;
    let seen = world.invoke(&[], &Event::default()).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![], None));
    assert!(world.aws.recorder().iam_actions(Some(crate::world::FUNCTION)).is_empty());
}

#[tokio::test]
async fn numbers_come_back_digit_for_digit() {
    let world = World::for_mapping(BY_ID).await;
    let digits = "1234567890.1234567890123456789012345678";
    let document = format!(r#"{{"id":"a","n":{digits},"nested":[{{"m":1E-130}}],"empty":"","nothing":null}}"#);
    let seen = world.invoke(&[("MAPPING", BY_ID)], &Event::of([document])).await;
    assert_eq!(seen.outcomes(), [("persisted", 1)]);
    let items = world.items().await;
    assert_eq!(items[0]["n"].as_n().unwrap(), digits);
    assert_eq!(items[0]["empty"].as_s().unwrap(), "");
    assert!(items[0]["nothing"].is_null());
}

#[tokio::test]
async fn of_one_key_the_last_document_is_persisted_and_the_others_are_superseded() {
    let world = World::for_mapping(BY_ID).await;
    let event = Event::of([r#"{"id":"a","v":1}"#, r#"{"id":"b"}"#, r#"[{"id":"a","v":2},{"id":"a","v":3}]"#]);
    let seen = world.invoke(&[("MAPPING", BY_ID)], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("superseded", 2)]);
    assert_eq!(world.items().await.iter().filter_map(|item| item.get("v")?.as_n().ok()).collect::<Vec<_>>(), ["3"]);
}

#[tokio::test]
async fn keys_that_collide_only_as_text_are_two_and_numbers_that_are_equal_are_one() {
    let declaration = r#"{"key": {"partition": "p", "sort": "s"}, "types": {"p": "S", "s": "N"}}"#;
    let world = World::for_mapping(declaration).await;
    let event = Event::of([r#"{"p":"a","s":1}"#, r#"{"p":"a","s":1.0}"#, r#"{"p":"a","s":1e0}"#, r#"{"p":"a1","s":1}"#]);
    let seen = world.invoke(&[("MAPPING", declaration)], &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("superseded", 2)]);
    assert_eq!(world.items().await.len(), 2);
}

#[tokio::test]
async fn superseded_documents_are_unfinished_as_long_as_their_winner_is() {
    let world = World::for_mapping(BY_ID).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Containing("\"a\"".to_owned()))).operation("BatchWriteItem"));
    let event = Event::of([r#"{"id":"b"}"#, r#"{"id":"a","v":1}"#, r#"{"id":"c"}"#, r#"{"id":"a","v":2}"#]);
    let seen = world.invoke_within(&[("MAPPING", BY_ID)], &event, std::time::Duration::from_secs(3)).await;
    assert_eq!(seen.outcomes(), [("persisted", 2), ("retry", 2)]);
    assert_eq!(seen.checkpoint(), Some(sequence(1)));
}

#[tokio::test]
async fn requests_hold_25_items_each() {
    let world = World::new().await;
    let seen = world.invoke(&[], &Event::of((0..60).map(curated))).await;
    assert_eq!(seen.outcomes(), [("persisted", 60)]);
    assert_eq!(world.calls("BatchWriteItem"), 3);
    assert_eq!(world.items().await.len(), 60);
}

#[tokio::test]
async fn a_batch_id_is_read_at_every_invocation_unless_it_may_be_kept() {
    let world = World::new().await;
    let (event, time) = (Event::of([curated(1)]).bytes(), std::time::Duration::from_secs(60));
    let fresh = world.function(&[]);
    for batch in ["batch-1", "batch-2"] {
        world.set_batch(batch).await;
        crate::world::invoke(&fresh, &event, time).await.unwrap();
        assert_eq!(text(&world.items().await[0], "BatchId"), batch);
    }
    assert_eq!(world.calls("GetParameter"), 2);
    let kept = world.function(&[("BATCH_ID_MAX_AGE_SECONDS", "3600")]);
    for batch in ["batch-3", "batch-4"] {
        world.set_batch(batch).await;
        crate::world::invoke(&kept, &event, time).await.unwrap();
        assert_eq!(text(&world.items().await[0], "BatchId"), "batch-3");
    }
    assert_eq!(world.calls("GetParameter"), 3);
}

#[tokio::test]
async fn a_mapping_without_a_batch_id_never_asks_for_one() {
    let world = World::for_mapping(BY_ID).await;
    world.invoke(&[("MAPPING", BY_ID), ("LATEST_BATCH_ID", "")], &Event::of([r#"{"id":"a"}"#])).await;
    assert_eq!((world.items().await.len(), world.calls("GetParameter")), (1, 0));
}
