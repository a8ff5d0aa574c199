//! Whatever goes wrong with the table: what was acknowledged is there, and nothing is there that was never sent.

use std::collections::BTreeSet;

use hyper::Method;
use proptest::prelude::*;
use proptest::test_runner::Config as Cases;
use tablefeed_local::{Fault, Rule, Select};

use crate::world::{World, send};

const POSTS: usize = 12;

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::throttle("TableWriteProvisionedThroughputExceeded", "arn:aws:dynamodb:us-east-1:000000000000:table/readings")),
        Just(Fault::error(500, "InternalServerError", "")),
        Just(Fault::Reset),
        Just(Fault::LostAnswer),
        Just(Fault::Cut),
        Just(Fault::Unprocessed(Select::All)),
        Just(Fault::Unprocessed(Select::Indices(BTreeSet::from([0])))),
        Just(Fault::refuse_items("-1\"", "refused")),
    ]
}

/// Faults: which, after how many calls, how often.
fn faults() -> impl Strategy<Value = Vec<(Fault, u64, u64)>> {
    proptest::collection::vec((fault(), 0..10_u64, 1..60_u64), 0..6)
}

/// What was sent, and of that what was acknowledged.
async fn run(world: &World, faults: Vec<(Fault, u64, u64)>) -> (BTreeSet<String>, BTreeSet<String>) {
    let server = world.serve(&[("REQUEST_TIMEOUT_MS", "2000")]).await;
    for (fault, skip, times) in faults {
        world.fault(Rule::new(fault).operation("BatchWriteItem").skip(skip).times(times));
    }
    let mut posts = tokio::task::JoinSet::new();
    for post in 0..POSTS {
        let (http, url) = (world.http.clone(), server.url.clone());
        posts.spawn(async move {
            let ids: Vec<String> = (0..=post % 4).map(|n| format!("{post}-{n}")).collect();
            let documents: Vec<String> = ids.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
            let answered = send(&http, Method::POST, &url, &[], format!("[{}]", documents.join(",")).into_bytes()).await;
            let acknowledged = match answered {
                Some(answered) if answered.status == 204 => ids.clone(),
                Some(answered) => {
                    let results = answered.body["results"].as_array().cloned().unwrap_or_default();
                    let persisted = results.iter().filter(|result| result["outcome"] == "persisted");
                    persisted.map(|result| result["id"].as_str().unwrap().to_owned()).collect()
                }
                None => Vec::new(),
            };
            (ids, acknowledged)
        });
    }
    let all = posts.join_all().await;
    let sent = all.iter().flat_map(|(ids, _)| ids.clone()).collect();
    (sent, all.into_iter().flat_map(|(_, acknowledged)| acknowledged).collect())
}

#[test]
fn whatever_the_table_does_nothing_acknowledged_is_lost_and_nothing_is_made_up() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    proptest!(Cases { cases: 16, failure_persistence: None, ..Cases::default() }, |(faults in faults())| {
        let (sent, acknowledged, stored) = runtime.block_on(async {
            let world = World::new().await;
            let (sent, acknowledged) = run(&world, faults).await;
            let stored: BTreeSet<String> = world.items().await.iter().map(|item| item["id"].as_s().unwrap().clone()).collect();
            (sent, acknowledged, stored)
        });
        prop_assert!(acknowledged.is_subset(&stored), "lost: {:?}", acknowledged.difference(&stored).collect::<Vec<_>>());
        prop_assert!(stored.is_subset(&sent), "made up: {:?}", stored.difference(&sent).collect::<Vec<_>>());
    });
}
