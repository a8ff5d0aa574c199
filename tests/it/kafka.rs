//! Kafka events: identity by topic, partition and offset; keys, headers and tombstones; done as a whole or delivered again as a whole.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tablefeed::persist::FunctionError;
use tablefeed_local::{Fault, Rule, Select};

use crate::binary::environment;
use crate::lambda::Lambda;
use crate::query::{text, texts};
use crate::world::{BY_ID, Seen, World, invoke};

const ARN: &str = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2";
const MINUTE: Duration = Duration::from_secs(60);

/// A mapping whose items are keyed by identity and hold what `members` say.
fn by_place(members: &Value) -> String {
    let mut item = json!({"place": "{@id}"});
    item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"key": {"partition": "place"}, "types": {"place": "S"}, "item": item}).to_string()
}

/// A record as Lambda delivers it.
fn record(offset: u64, key: Option<&[u8]>, value: Option<&str>) -> Value {
    let (key, value) = (key.map(|key| STANDARD.encode(key)), value.map(|value| STANDARD.encode(value)));
    json!({"topic": "t", "partition": 0, "offset": offset, "timestamp": 1_545_084_650_987_u64, "timestampType": "CREATE_TIME",
           "key": key, "value": value, "headers": []})
}

/// A record with a document.
fn of(offset: u64, id: &str) -> Value {
    record(offset, Some(b"k"), Some(&json!({"id": id}).to_string()))
}

/// An event of Amazon MSK with all records in one partition.
fn event(records: &[Value]) -> Value {
    json!({"eventSource": "aws:kafka", "eventSourceArn": ARN, "bootstrapServers": "b-1:9092", "records": {"t-0": records}})
}

async fn deliver(world: &World, mapping: &str, event: &Value) -> Seen {
    let function = world.function(&[("MAPPING", mapping)]);
    Seen::of(invoke(&function, event.to_string().as_bytes(), MINUTE).await.unwrap())
}

#[tokio::test]
async fn a_record_is_persisted_once_under_its_partition_and_offset() {
    let mapping =
        by_place(&json!({"id": "{id}", "from": "{@shard} {@sequence}", "at": "{@arrival}", "key": "{@key}", "too": "{@partition-key}"}));
    let world = World::for_mapping(&mapping).await;
    let mut event = event(&[of(15, "a"), of(16, "b")]);
    event["records"]["t-1"] = json!([of(15, "c")]);
    let (first, again) = (deliver(&world, &mapping, &event).await, deliver(&world, &mapping, &event).await);
    assert_eq!((first.outcomes(), first.checkpoint()), (vec![("persisted", 3)], None));
    assert_eq!((again.outcomes(), again.handled.report.records), (vec![("persisted", 3)], 3));
    let items = world.items().await;
    assert_eq!(texts(&items, "from"), ["t-0 15", "t-0 16", "t-1 15"]);
    let item = items.iter().find(|item| text(item, "from") == "t-0 15").unwrap();
    let name = format!("{ARN}\nt-0\n15\n0");
    let namespace = uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4");
    assert_eq!(text(item, "place"), uuid::Uuid::new_v5(&namespace, name.as_bytes()).to_string());
    assert_eq!((text(item, "key"), text(item, "too"), item["at"].as_n().unwrap().as_str()), ("k", "k", "1545084650.987"));
}

#[tokio::test]
async fn a_cluster_of_ones_own_is_the_same_source_whatever_its_servers_are() {
    let mapping = by_place(&json!({}));
    let world = World::for_mapping(&mapping).await;
    for (name, servers) in [("SelfManagedKafka", "a:9092"), ("aws:SelfManagedKafka", "b:9092")] {
        let event = json!({"eventSource": name, "bootstrapServers": servers, "records": {"t-0": [of(1, "x")]}});
        assert_eq!(deliver(&world, &mapping, &event).await.outcomes(), [("persisted", 1)]);
    }
    let namespace = uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4");
    assert_eq!(texts(&world.items().await, "place"), [uuid::Uuid::new_v5(&namespace, b"SelfManagedKafka\nt-0\n1\n0").to_string()]);
}

#[tokio::test]
async fn a_tombstone_is_filtered() {
    let world = World::for_mapping(BY_ID).await;
    let mut absent = record(2, Some(b"k"), None);
    absent.as_object_mut().unwrap().remove("value");
    let seen = deliver(&world, BY_ID, &event(&[of(0, "a"), record(1, Some(b"k"), None), absent])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1), ("filtered", 2)], None));
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn a_key_that_is_missing_or_no_text_matters_only_where_it_is_required() {
    let optional = by_place(&json!({"id": "{id}", "key": "{@key?}"}));
    let world = World::for_mapping(&optional).await;
    let document = Some(r#"{"id":"a"}"#);
    let mut absent = record(1, None, document);
    absent.as_object_mut().unwrap().remove("key");
    let event = event(&[record(0, None, document), absent, record(2, Some(b""), document), record(3, Some(b"\xff"), document)]);
    let seen = deliver(&world, &optional, &event).await;
    assert_eq!(seen.outcomes(), [("persisted", 3), ("rejected", 1)]);
    assert_eq!(world.items().await.iter().filter(|item| item.contains_key("key")).count(), 1);
    let letters = world.letters().await;
    assert_eq!(
        (&letters[0]["reason"], &letters[0]["sequence"], &letters[0]["partition_key"]),
        (&json!("bad_value"), &json!("3"), &Value::Null)
    );
    assert_eq!(deliver(&world, &by_place(&json!({"id": "{id}"})), &event).await.outcomes(), [("persisted", 4)]);
    assert_eq!(deliver(&world, &by_place(&json!({"key": "{@key}"})), &event).await.outcomes(), [("persisted", 1), ("rejected", 3)]);
    assert_eq!(world.reasons().await, ["missing_field", "missing_field", "bad_value"]);
}

#[tokio::test]
async fn a_pointer_leads_into_a_key_that_is_json() {
    let mapping = r#"{"key": {"partition": "id"}, "types": {"id": "N"}, "item": {"id": "{@key:/payload/id}", "v": "{v}"}}"#;
    let world = World::for_mapping(mapping).await;
    let value = Some(r#"{"v":"x"}"#);
    let keys: [&[u8]; 3] = [br#"{"schema":{},"payload":{"id":12345678901234567890}}"#, br#"{"payload":{}}"#, b"plain"];
    let records: Vec<Value> = (0..).zip(keys).map(|(offset, key)| record(offset, Some(key), value)).collect();
    assert_eq!(deliver(&world, mapping, &event(&records)).await.outcomes(), [("persisted", 1), ("rejected", 2)]);
    assert_eq!(world.items().await[0]["id"].as_n().unwrap(), "12345678901234567890");
    assert_eq!(world.reasons().await, ["missing_field", "bad_value"]);
}

#[tokio::test]
async fn headers_are_text_of_signed_bytes_and_the_last_of_a_name_counts() {
    let mapping = by_place(&json!({"trace": "{@header:trace-id}", "other": "{@header:other?}"}));
    let world = World::for_mapping(&mapping).await;
    let with = |offset: u64, headers: Value| {
        let mut record = of(offset, "a");
        record["headers"] = headers;
        record
    };
    let records =
        [with(0, json!([{"trace-id": [49]}, {"trace-id": [99, 108, -61, -87]}])), with(1, json!([{"trace-id": [-1]}])), of(2, "a")];
    assert_eq!(deliver(&world, &mapping, &event(&records)).await.outcomes(), [("persisted", 1), ("rejected", 2)]);
    assert_eq!(texts(&world.items().await, "trace"), ["clé"]);
    let letters = world.letters().await;
    assert_eq!((&letters[0]["reason"], &letters[0]["headers"]), (&json!("bad_value"), &json!({"trace-id": "/w=="})));
    assert_eq!((&letters[1]["reason"], letters[1].get("headers")), (&json!("missing_field"), None));
}

#[tokio::test]
async fn an_offset_past_what_a_double_holds_keeps_its_digits() {
    let mapping = by_place(&json!({"offset": "{@sequence}"}));
    let world = World::for_mapping(&mapping).await;
    let records = [9_007_199_254_740_992, 9_007_199_254_740_993, 9_223_372_036_854_775_807].map(|offset| of(offset, "a"));
    assert_eq!(deliver(&world, &mapping, &event(&records)).await.outcomes(), [("persisted", 3)]);
    assert_eq!(texts(&world.items().await, "offset"), ["9007199254740992", "9007199254740993", "9223372036854775807"]);
}

#[tokio::test]
async fn a_poisoned_record_is_a_letter_and_the_event_is_done() {
    let world = World::for_mapping(BY_ID).await;
    let mut odd_key = of(3, "c");
    odd_key["key"] = json!("no base64!");
    let records = [of(1, "a"), record(2, Some(b"k"), Some("poison")), odd_key, json!({"value": "e30="}), json!(7), of(4, "b")];
    let seen = deliver(&world, BY_ID, &event(&records)).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 4)], None));
    assert_eq!(texts(&world.items().await, "id"), ["a", "b"]);
    let letters = world.letters().await;
    let poison = letters.iter().find(|letter| letter["reason"] == "bad_json").unwrap();
    assert_eq!((&poison["source"], &poison["shard"], &poison["sequence"]), (&json!(ARN), &json!("t-0"), &json!("2")));
    assert_eq!((&poison["partition_key"], poison["arrival"].to_string().as_str()), (&json!("k"), "1545084650.987"));
    let odd: Vec<_> = letters.iter().filter(|letter| letter["reason"] == "bad_record").map(|letter| &letter["content"]).collect();
    assert_eq!(odd, ["event_record"; 3]);
}

#[tokio::test]
async fn an_event_that_is_not_done_fails_as_a_whole_and_a_redelivery_completes_it() {
    let world = World::for_mapping(BY_ID).await;
    let function = world.function(&[("MAPPING", BY_ID)]);
    let fault = world.fault(Rule::new(Fault::Unprocessed(Select::Containing("slow".to_owned()))).operation("BatchWriteItem"));
    let event = event(&[record(1, None, Some("poison")), of(2, "a"), of(3, "slow"), of(4, "b")]).to_string();
    let seen = Seen::of(invoke(&function, event.as_bytes(), Duration::from_secs(3)).await.unwrap());
    assert_eq!(seen.outcomes(), [("persisted", 2), ("retry", 2)]);
    let expected = FunctionError::Unfinished { partition: "t-0".to_owned(), offset: "3".to_owned(), documents: 2 };
    assert_eq!(seen.handled.response.unwrap_err(), expected);
    assert_eq!(seen.handled.report.checkpoint.as_deref(), Some("t-0:3"));
    assert!(seen.handled.report.log_line().contains("the whole event is delivered again"));
    assert!(world.letters().await.is_empty(), "all letters would be sent again");

    world.aws.faults().remove(fault);
    let again = Seen::of(invoke(&function, event.as_bytes(), MINUTE).await.unwrap());
    assert_eq!((again.outcomes(), again.checkpoint()), (vec![("persisted", 3), ("rejected", 1)], None));
    assert_eq!(
        (texts(&world.items().await, "id"), world.reasons().await),
        (["a", "b", "slow"].map(str::to_owned).to_vec(), vec!["bad_json".to_owned()])
    );
}

#[tokio::test]
async fn what_does_not_fit_into_one_invocation_is_not_taken_for_done() {
    let world = World::for_mapping(BY_ID).await;
    let function = world.function(&[("MAPPING", BY_ID), ("MAX_EVENT_BYTES", "1")]);
    let event = event(&[of(1, "a"), record(2, Some(b"k"), None), of(3, "b")]).to_string();
    let handled = invoke(&function, event.as_bytes(), MINUTE).await.unwrap();
    let error = handled.response.unwrap_err().to_string();
    assert!(error.starts_with("unfinished documents: 2, held up first at offset 2 of t-0;"), "{error}");
}

#[tokio::test]
async fn an_event_without_records_is_done() {
    let world = World::for_mapping(BY_ID).await;
    let seen = deliver(&world, BY_ID, &event(&[])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (Vec::new(), None));
}

#[tokio::test]
async fn an_event_of_neither_kind_is_refused_by_a_name_of_its_own() {
    let world = World::new().await;
    let event = json!({"eventSource": "aws:mq", "messages": []}).to_string();
    let error = invoke(&world.function(&[]), event.as_bytes(), MINUTE).await.unwrap_err().to_string();
    assert!(error.starts_with("expected a Kinesis or a Kafka event, but an event of aws:mq came"), "{error}");
}

#[tokio::test]
async fn the_binary_answers_an_error_for_an_event_that_is_not_done_and_reports_all_the_same() {
    let world = World::empty().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[("MAPPING", BY_ID)])).await;
    let answer = lambda.invoke(event(&[of(15, "a")]).to_string()).await;
    assert_eq!((answer.kind.as_str(), &answer.body["errorType"]), ("error", &json!("Unfinished")));
    assert!(answer.body["errorMessage"].as_str().unwrap().starts_with("unfinished documents: 1, held up first at offset 15 of t-0;"));
    let line = lambda.line().await;
    assert!(line["systemic_failure"].as_str().unwrap().contains("ResourceNotFoundException"), "{line}");
    assert_eq!((&line["checkpoint"], &line["outcomes"]["retry"]), (&json!("t-0:15"), &json!(1)));
    assert_eq!(lambda.line().await["SystemicFailure"], 1);

    let done = lambda.invoke(event(&[]).to_string()).await;
    assert_eq!((done.kind.as_str(), done.body), ("response", json!({"batchItemFailures": []})));
}

#[tokio::test]
async fn a_tombstone_deletes_the_item_of_its_key_where_the_mapping_says_so() {
    let mapping =
        json!({"key": {"partition": "k"}, "types": {"k": "S"}, "item": {"k": "{@key}", "v": "{v}"}, "tombstones": "delete"}).to_string();
    let world = World::for_mapping(&mapping).await;
    let put = |offset, key: &[u8]| record(offset, Some(key), Some(&json!({"v": offset}).to_string()));
    let seen = deliver(&world, &mapping, &event(&[put(0, b"a"), put(1, b"b"), record(2, Some(b"a"), None), record(3, None, None)])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("superseded", 1), ("rejected", 1)], None));
    assert_eq!(texts(&world.items().await, "k"), ["b"]);
    deliver(&world, &mapping, &event(&[record(4, Some(b"b"), None), put(5, b"c")])).await;
    assert_eq!(texts(&world.items().await, "k"), ["c"]);
    let letters = world.letters().await;
    assert_eq!((letters[0]["reason"].as_str(), letters[0]["content"].as_str()), (Some("missing_field"), Some("tombstone")));
}

#[tokio::test]
async fn under_newest_offsets_of_different_partitions_order_nothing() {
    let world = World::for_mapping(BY_ID).await;
    let newest = |by| world.function(&[("MAPPING", BY_ID), ("WRITE_MODE", "newest"), ("ORDER_BY", by)]);
    let event = event(&[of(7, "a"), of(8, "a")]).to_string();
    let refused = invoke(&newest(""), event.as_bytes(), MINUTE).await.unwrap_err();
    assert!(refused.to_string().contains("needs ORDER_BY"), "{refused}");
    let seen = Seen::of(invoke(&newest("@arrival"), event.as_bytes(), MINUTE).await.unwrap());
    assert_eq!(seen.outcomes(), [("persisted", 1), ("superseded", 1)]);
}
