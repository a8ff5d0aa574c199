//! What becomes of a topic's records when nothing is in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tablefeed::persist::Invocation;
use tablefeed_topic::{End, Ended, Stop};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::world::{World, by_identity, documents, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn records_of_all_partitions_are_persisted_and_offsets_committed_exactly_up_to_them() {
    let (cluster, world) = (Cluster::with(2), World::new(&by_identity()).await);
    cluster.send(0, documents(0..30));
    cluster.send(1, documents(30..47));
    let ended = world.feed(&cluster, &[], |_| {}).await;
    assert_eq!(ended, Ended { end: End::Finished, unfinished: false, committed: vec![(0, 30), (1, 17)] });
    assert_eq!(cluster.committed(), BTreeMap::from([(0, 30), (1, 17)]));
    assert_eq!(world.numbers().await, (0..47).collect());
    assert_eq!(world.actions(), BTreeSet::from(["dynamodb:BatchWriteItem".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_becomes_the_item_that_lambdas_trigger_makes_of_it() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send_keyed(0, "k", Some(r#"{"n":7}"#));
    world.feed(&cluster, &[], |_| {}).await;
    let items = world.items().await;
    assert_eq!((items.len(), items[0]["from"].as_s().unwrap().as_str()), (1, "orders-0 0"));

    // Of the same record, as Lambda's documentation shows such an event; in the table's place for it nothing changes.
    let record = json!({"topic": "orders", "partition": 0, "offset": 0, "timestamp": 1_545_084_650_987_u64, "timestampType": "CREATE_TIME",
        "key": "aw==", "value": "eyJuIjo3fQ==", "headers": [{"trace": [99, 108, -61, -87]}]});
    let event = json!({"eventSource": "SelfManagedKafka", "bootstrapServers": "another:9092", "records": {"orders-0": [record]}});
    let deadline = Instant::now() + Duration::from_secs(60);
    let invocation = Invocation::new("r", "f", deadline, SystemTime::now());
    let handled = world.function(&[]).handle(event.to_string().as_bytes(), &invocation).await.unwrap();
    assert!(handled.response.is_ok() && handled.report.outcomes.documents() == 1);
    assert_eq!(world.items().await, items);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_record_is_a_letter_and_its_offset_is_committed() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, [r#"{"n":0}"#, "poison", "", r#"{"n":3}"#]);
    world.feed(&cluster, &[], |_| {}).await;
    assert_eq!((cluster.committed(), world.numbers().await), (BTreeMap::from([(0, 4)]), BTreeSet::from([0, 3])));
    let letters = world.letters().await;
    let poison = letters.iter().find(|letter| letter["sequence"] == "1").unwrap();
    assert_eq!(
        (&poison["reason"], &poison["source"], &poison["shard"]),
        (&json!("bad_json"), &json!("SelfManagedKafka"), &json!("orders-0"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_deletes_the_item_of_its_key() {
    let item = json!({"k": "{@key}", "n": "{n}"});
    let mapping = json!({"key": {"partition": "k"}, "types": {"k": "S"}, "item": item, "tombstones": "delete"}).to_string();
    let (cluster, world) = (Cluster::with(1), World::new(&mapping).await);
    cluster.send_keyed(0, "a", Some(r#"{"n":1}"#));
    cluster.send_keyed(0, "b", Some(r#"{"n":2}"#));
    world.feed(&cluster, &[], |_| {}).await;
    assert_eq!(world.numbers().await, BTreeSet::from([1, 2]));
    cluster.send_keyed(0, "a", None);
    world.feed(&cluster, &[], |_| {}).await;
    assert_eq!((world.numbers().await, cluster.committed()), (BTreeSet::from([2]), BTreeMap::from([(0, 3)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_until_it_is_stopped_and_the_next_member_goes_on_from_there() {
    let (cluster, world) = (Cluster::with(2), World::new(&by_identity()).await);
    cluster.send(0, documents(0..5));
    let member = world.member(&cluster, &[], |_| {});
    eventually("first", &(0..5).collect(), || world.numbers()).await;
    cluster.send(1, documents(5..9));
    eventually("later", &(0..9).collect(), || world.numbers()).await;
    let ended = member.stop(Stop::Drain).await;
    assert_eq!(ended, Ended { end: End::Stopped, unfinished: false, committed: vec![(0, 5), (1, 4)] });

    let writes = world.aws.recorder().count(Some("tablefeed-persist"), "BatchWriteItem");
    cluster.send(1, documents(9..10));
    assert_eq!(world.feed(&cluster, &[], |_| {}).await.committed, [(1, 5)]);
    assert_eq!(world.numbers().await, (0..10).collect());
    assert_eq!(world.aws.recorder().count(Some("tablefeed-persist"), "BatchWriteItem"), writes + 1, "nothing came again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_and_commits_nothing() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..5));
    let ended = world.feed(&cluster, &[("PERSIST_RECORDS", "0")], |_| {}).await;
    assert_eq!(ended, Ended { end: End::Finished, unfinished: false, committed: Vec::new() });
    assert_eq!((world.items().await.len(), cluster.committed()), (0, BTreeMap::new()));
}
