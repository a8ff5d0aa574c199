//! The table that the settings name, create and check, and how often a write is tried.

use std::time::Duration;

use tablefeed_local::{Fault, Rule};

use crate::event::Event;
use crate::world::{BY_ID, Seen, World, invoke};

const BY_PLACE: &str = r#"{"key": {"partition": "id", "sort": "n"}, "types": {"id": "S", "n": "N"}}"#;

fn event() -> Event {
    Event::of([r#"{"id":"a","n":1}"#, "poison"])
}

/// Handles the event by a function under another name: one that creates tables may call more than `persist` in the template.
async fn feed(world: &World, changes: &[(&str, &str)], time: u64) -> Seen {
    let changes = [&[("LATEST_BATCH_ID", ""), ("MAPPING", BY_PLACE)], changes].concat();
    Seen::of(invoke(&world.other(&changes), &event().bytes(), Duration::from_secs(time)).await.unwrap())
}

async fn tables(world: &World) -> Vec<String> {
    world.clients.dynamodb.list_tables().send().await.unwrap().table_names.unwrap()
}

#[tokio::test]
async fn without_a_table_the_topic_names_it() {
    let world = World::empty().await;
    let name = |changes: &[(&str, &str)]| world.settings(changes).map(|settings| settings.table.id).map_err(|error| error.to_string());
    assert_eq!(name(&[("TABLE", ""), ("INPUT", "topic")]).unwrap(), "topic");
    assert_eq!(name(&[("TABLE", ""), ("input", "topic"), ("TABLE_PREFIX", "quix-")]).unwrap(), "quix-topic");
    assert_eq!(name(&[("INPUT", "topic")]).unwrap(), crate::world::TABLE);
    assert!(name(&[("TABLE", ""), ("INPUT", "a b")]).unwrap_err().contains("INPUT is \"a b\"; it must be a table's name"));
    assert!(name(&[("TABLE_PREFIX", "quix-")]).unwrap_err().contains("TABLE_PREFIX is set, but means something with INPUT"));
    assert!(name(&[("TABLE", "")]).unwrap_err().contains("TABLE is missing"));
    assert!(name(&[("CREATE_TABLE", "yes")]).unwrap_err().contains("must be true or false"));
    let arn = [("TABLE", "arn:aws:dynamodb:eu-west-1:123456789012:table/Table"), ("CREATE_TABLE", "true")];
    let refused = name(&arn).unwrap_err();
    assert!(refused.contains("CREATE_TABLE needs the table's name"), "{refused}");
}

#[tokio::test]
async fn a_missing_table_is_created_on_demand_and_encrypted_with_the_mappings_key() {
    let world = World::empty().await;
    let seen = feed(&world, &[("TABLE", ""), ("INPUT", "topic"), ("CREATE_TABLE", "true")], 60).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1), ("rejected", 1)], None));
    let described = world.clients.dynamodb.describe_table().table_name("topic").send().await.unwrap().table.unwrap();
    let names: Vec<&str> = described.key_schema().iter().map(|element| element.attribute_name()).collect();
    assert_eq!(names, ["id", "n"]);
    assert_eq!(described.billing_mode_summary.unwrap().billing_mode.unwrap().as_str(), "PAY_PER_REQUEST");
    assert!(described.sse_description.is_some_and(|sse| sse.status.is_some()));
}

#[tokio::test]
async fn two_functions_that_create_it_at_once_both_write() {
    let world = World::empty().await;
    let create = [("CREATE_TABLE", "true"), ("TABLE", "Both")];
    let (one, other) = tokio::join!(feed(&world, &create, 60), feed(&world, &create, 60));
    assert_eq!([one.outcomes(), other.outcomes()], [vec![("persisted", 1), ("rejected", 1)], vec![("persisted", 1), ("rejected", 1)]]);
    assert_eq!(tables(&world).await, ["Both"]);
}

#[tokio::test]
async fn a_table_that_may_not_be_created_is_nobodys_fault() {
    let world = World::empty().await;
    world.aws.faults().add(Rule::new(Fault::error(400, "AccessDeniedException", "no CreateTable")).operation("CreateTable"));
    let seen = feed(&world, &[("CREATE_TABLE", "true")], 60).await;
    assert_eq!(seen.checkpoint(), Some(crate::event::sequence(0)));
    assert!(seen.systemic().contains("cannot be created: AccessDeniedException: no CreateTable"), "{}", seen.systemic());
    assert!(world.letters().await.is_empty() && tables(&world).await.is_empty());
}

#[tokio::test]
async fn a_table_that_does_not_become_active_in_time_is_nobodys_fault() {
    let world = World::for_mapping(BY_PLACE).await;
    world.aws.faults().add(Rule::new(Fault::Delay(Duration::from_secs(60))).operation("DescribeTable"));
    let seen = feed(&world, &[("CREATE_TABLE", "true")], 2).await;
    assert!(seen.systemic().contains("was not ready in time"), "{}", seen.systemic());
    assert!(world.items().await.is_empty());
}

#[tokio::test]
async fn a_key_that_is_not_the_tables_is_shown_beside_it_before_the_first_write() {
    let world = World::for_mapping(BY_ID).await;
    let seen = feed(&world, &[("CHECK_TABLE", "true")], 60).await;
    let both = "has the key id (S), but the mapping writes the key id (S) + n (N)";
    assert!(seen.systemic().contains(both), "{}", seen.systemic());
    assert_eq!((seen.checkpoint(), world.aws.recorder().count(None, "BatchWriteItem")), (Some(crate::event::sequence(0)), 0));
}

#[tokio::test]
async fn the_table_is_looked_at_once() {
    let world = World::for_mapping(BY_PLACE).await;
    let function = world.other(&[("LATEST_BATCH_ID", ""), ("MAPPING", BY_PLACE), ("CHECK_TABLE", "true")]);
    let before = world.aws.recorder().count(None, "DescribeTable");
    for _ in 0..3 {
        invoke(&function, &event().bytes(), Duration::from_secs(60)).await.unwrap();
    }
    assert_eq!(world.aws.recorder().count(None, "DescribeTable") - before, 1);
}

#[tokio::test]
async fn an_item_is_sent_as_often_as_allowed_and_no_more() {
    let world = World::for_mapping(BY_PLACE).await;
    world.fault_of("BatchWriteItem", Fault::error(500, "InternalServerError", ""));
    let changes = [("LATEST_BATCH_ID", ""), ("MAPPING", BY_PLACE), ("max_retry", "3")];
    let seen = world.invoke(&changes, &event()).await;
    assert_eq!((seen.count(tablefeed::write::outcome::Outcome::Retry), world.calls("BatchWriteItem")), (2, 3));
    assert_eq!(seen.checkpoint(), Some(crate::event::sequence(0)));
    let error = world.settings(&[("MAX_RETRY", "0")]).unwrap_err().to_string();
    assert!(error.contains("MAX_RETRY is \"0\"; it must be a whole number of attempts, at least 1"), "{error}");
}
