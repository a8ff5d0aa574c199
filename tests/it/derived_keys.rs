//! Keys that show a document's time, and keys of bytes: from a Kinesis event and a Kafka event to items, over the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, Bs, N, Ns, S, Ss};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tablefeed::persist::redrive::{Redrive, Redriven};
use tablefeed::table::Definition;
use tablefeed::write::outcome::Outcome;
use tablefeed_local::{Fault, Rule, Select};

use crate::event::Event;
use crate::query::texts;
use crate::redrive::{redrive, stored};
use crate::world::{Item, Seen, TABLE, World, invoke};

type Changes<'c> = &'c [(&'c str, &'c str)];

const DOCUMENT: &str = r#"{"timestamp": 1667844200703123, "key1": "value1", "key2": 10, "key3": "value3"}"#;

/// With a table for the key that the settings declare.
async fn world(changes: Changes<'_>) -> World {
    let world = World::empty().await;
    let settings = world.settings(changes).unwrap();
    world.create_table(&Definition::of_mapping(TABLE, &settings.mapping)).await;
    world
}

fn kafka(document: &str) -> Vec<u8> {
    let record = json!({"topic": "t", "partition": 0, "offset": 7, "timestamp": 1_545_084_650_987_u64, "timestampType": "CREATE_TIME",
                        "value": STANDARD.encode(document), "headers": []});
    let arn = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2";
    json!({"eventSource": "aws:kafka", "eventSourceArn": arn, "records": {"t-0": [record]}}).to_string().into_bytes()
}

/// The one item that the document becomes: the same from either event.
async fn item(changes: Changes<'_>) -> Item {
    let mut found = Vec::new();
    for event in [Event::of([DOCUMENT]).bytes(), kafka(DOCUMENT)] {
        let world = world(changes).await;
        let seen = Seen::of(invoke(&world.function(changes), &event, Duration::from_secs(60)).await.unwrap());
        assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1)], None));
        found.extend(world.items().await);
    }
    assert_eq!((found.len(), &found[0]), (2, &found[1]));
    found.remove(0)
}

/// The document's four fields, and more.
fn with(more: &[(&str, &str)]) -> Item {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), S((*value).to_owned()));
    let number = |(name, digits): &(&str, &str)| ((*name).to_owned(), N((*digits).to_owned()));
    let numbers = [("timestamp", "1667844200703123"), ("key2", "10")];
    let texts = [("key1", "value1"), ("key3", "value3")];
    let items: BTreeMap<String, AttributeValue> = numbers.iter().map(number).chain(texts.iter().chain(more).map(text)).collect();
    items
}

#[tokio::test]
async fn plain_fields_are_the_key() {
    assert_eq!(item(&[("PARTITION_KEY", "key1"), ("SORT_KEY", "key3")]).await, with(&[]));
    assert_eq!(item(&[("param_partition_key", "key1"), ("param_sort_key", "timestamp:N")]).await, with(&[]));
}

#[tokio::test]
async fn both_keys_are_made_of_the_time() {
    let keys = [("PARTITION_KEY", "year_month|%Y-%m"), ("SORT_KEY", "rest_of_ts|%d-%H:%M:%S.%f")];
    let expected = |hour: &str| with(&[("year_month", "2022-11"), ("rest_of_ts", &format!("07-{hour}:03:20.703123"))]);
    assert_eq!(item(&[&keys[..], &[("TIME_ZONE", "Etc/GMT-1")]].concat()).await, expected("19"));
    assert_eq!(item(&keys).await, expected("18"));
}

#[tokio::test]
async fn one_key_is_made_of_the_time() {
    let key = ("PARTITION_KEY", "my_date_time|%Y-%m-%dT%H:%M:%S.%f");
    let expected = |hour: &str| with(&[("my_date_time", &format!("2022-11-07T{hour}:03:20.703123"))]);
    assert_eq!(item(&[key, ("TIME_ZONE", "Etc/GMT-1")]).await, expected("19"));
    assert_eq!(item(&[key, ("TIME_UNIT", "us"), ("TIME_FIELD", "/timestamp")]).await, expected("18"));
}

#[tokio::test]
async fn what_has_no_usable_time_or_too_long_a_key_is_a_letter_that_names_the_field() {
    let changes = [("PARTITION_KEY", "day|%F"), ("SORT_KEY", "id")];
    let world = world(&changes).await;
    let event = Event::of([
        r#"{"timestamp": 1667844200, "id": "a"}"#.to_owned(),
        r#"{"id": "b"}"#.to_owned(),
        r#"{"timestamp": "soon", "id": "c"}"#.to_owned(),
        r#"{"timestamp": 99999999999, "id": "d"}"#.to_owned(),
        format!(r#"{{"timestamp": 1667844200, "id": "{}"}}"#, "x".repeat(1025)),
        r#"{"timestamp": "2022-11-08T00:30:00+01:00", "id": "f"}"#.to_owned(),
    ]);
    let seen = world.invoke(&changes, &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 4)], None));
    assert_eq!(texts(&world.items().await, "day"), ["2022-11-07", "2022-11-07"]);
    let letters = world.letters().await;
    let reasons: Vec<_> = letters.iter().map(|letter| letter["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["missing_field", "bad_value", "bad_value", "key_too_long"]);
    for letter in &letters[..3] {
        assert!(letter["error"].as_str().unwrap().contains("field `timestamp` is "), "{letter}");
    }
}

#[tokio::test]
async fn a_partition_key_over_2048_bytes_is_found_before_a_request() {
    let changes = [("PARTITION_KEY", "id")];
    let world = world(&changes).await;
    let event = Event::of([2048, 2049].map(|bytes| json!({"id": "x".repeat(bytes)}).to_string()));
    let seen = world.invoke(&changes, &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 1), ("rejected", 1)]);
    assert_eq!((world.reasons().await, world.calls("BatchWriteItem")), (vec!["key_too_long".to_owned()], 1));
}

const BYTES: &str = r#"{"key": {"partition": "p", "sort": "s"}, "types": {"p": "B", "s": "B"},
    "item": {"p": {"from": "p", "as": "binary"}, "s": {"from": "s", "as": "binary"}, "ss": {"from": "ss?", "as": "string_set"},
             "ns": {"from": "ns?", "as": "number_set"}, "bs": {"from": "bs?", "as": "binary_set"}},
    "delete": {"gone": [true]}}"#;

const WHOLE: &str = r#"{"p": "AP8=", "s": "eg==", "ss": ["b", "a", "b"], "ns": [1.50, "1.5", 2], "bs": ["AP8=", "AP8=", "eg=="]}"#;

fn whole() -> Item {
    let blob = |bytes: &[u8]| Blob::new(bytes);
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let values = [
        ("p", B(blob(b"\x00\xff"))),
        ("s", B(blob(b"z"))),
        ("ss", Ss(text(&["a", "b"]))),
        ("ns", Ns(text(&["1.5", "2"]))),
        ("bs", Bs(vec![blob(b"\x00\xff"), blob(b"z")])),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Sets have no order of their own.
fn sorted(mut item: Item) -> Item {
    for value in item.values_mut() {
        match value {
            Ss(elements) | Ns(elements) => elements.sort(),
            Bs(elements) => elements.sort_by(|one, other| one.as_ref().cmp(other.as_ref())),
            _ => {}
        }
    }
    item
}

#[tokio::test]
async fn keys_of_bytes_and_sets_are_written_and_read_back() {
    let world = World::for_mapping(BYTES).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Indices([0].into()))).operation("BatchWriteItem").times(2));
    let event = Event::of([r#"{"p": "AP8=", "s": "eg=="}"#, r#"{"p": "AP4=", "s": "eg=="}"#, WHOLE, r#"{"p": "AP8", "s": "eg=="}"#]);
    let seen = world.invoke(&[("MAPPING", BYTES)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("superseded", 1), ("rejected", 1)], None));
    let items: Vec<Item> = world.items().await.into_iter().map(sorted).collect();
    assert!(items.len() == 2 && items.contains(&whole()), "{items:?}");
    world.invoke(&[("MAPPING", BYTES)], &Event::of([r#"{"p": "AP4=", "s": "eg==", "gone": true}"#])).await;
    assert_eq!(world.items().await.into_iter().map(sorted).collect::<Vec<_>>(), [whole()]);
}

#[tokio::test]
async fn an_item_with_keys_of_bytes_and_sets_is_recognised_when_it_is_there_already() {
    let world = World::for_mapping(BYTES).await;
    let changes = [("MAPPING", BYTES), ("PERSIST_RECORDS", "1")];
    world.invoke(&changes, &Event::of([r#"{"p": "AP4=", "s": "eg=="}"#, WHOLE])).await;
    let letters = stored(&world).await;
    for _ in 0..2 {
        let report = redrive(&world, &changes, &letters, Redrive::default()).await;
        assert_eq!(report.fates, [Redriven::Done(Outcome::Persisted)]);
    }
    assert!(world.items().await.into_iter().map(sorted).any(|item| item == whole()));
}

#[tokio::test]
async fn newest_compares_items_with_keys_of_bytes() {
    let world = World::for_mapping(BYTES).await;
    let changes = [("MAPPING", BYTES), ("WRITE_MODE", "newest")];
    let event = Event::of([r#"{"p": "AP8=", "s": "eg=="}"#, WHOLE]);
    assert_eq!(world.invoke(&changes, &event).await.outcomes(), [("persisted", 1), ("superseded", 1)]);
    assert_eq!(world.invoke(&changes, &event.first(1)).await.outcomes(), [("superseded", 1)]);
    assert!(world.items().await[0].contains_key("ss"));
}
