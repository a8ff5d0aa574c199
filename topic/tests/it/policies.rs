//! The policies of docs/topic.md are held against what is called.

use std::collections::BTreeSet;

use serde_json::Value;
use tablefeed::table::live_key;

use crate::cluster::Cluster;
use crate::world::{TABLE, World, by_identity, documents};

/// The actions of the page's policies, in their order.
fn policies() -> Vec<BTreeSet<String>> {
    let page = include_str!("../../../docs/topic.md");
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let actions = |block: &str| {
        let policy: Value = serde_json::from_str(block).unwrap();
        policy["Statement"][0]["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    blocks.map(actions).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_of_the_page_allow_exactly_what_is_called() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    let creating = world.actions_of("tablefeed-creator");
    cluster.send(0, documents(0..3));
    world.feed(&cluster, &[], |_| {}).await;
    let mut existing = world.actions();
    live_key(&world.checker().dynamodb, TABLE).await.unwrap();
    existing.extend(world.actions_of("tablefeed-checker"));
    assert_eq!(policies(), [existing.clone(), &existing | &creating]);
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_puts_and_deletes_items_one_by_one_and_nothing_else() {
    let mapping = r#"{"key": {"partition": "k"}, "types": {"k": "S"}, "item": {"k": "{@key}", "n": "{n}"}, "tombstones": "delete"}"#;
    let (cluster, world) = (Cluster::with(1), World::new(mapping).await);
    cluster.send_keyed(0, "a", Some(r#"{"n":1}"#));
    cluster.send_keyed(0, "b", None);
    world.feed(&cluster, &[("WRITE_MODE", "newest"), ("ORDER_BY", "@arrival")], |_| {}).await;
    assert_eq!(world.actions(), ["dynamodb:DeleteItem", "dynamodb:PutItem"].map(str::to_owned).into());
}
