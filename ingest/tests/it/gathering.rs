//! Concurrent requests share calls, and each is answered for its own documents.

use std::time::Duration;

use hyper::Method;
use tablefeed_ingest::app::APP;
use tablefeed_local::{Fault, Rule};
use tokio::task::JoinSet;

use crate::world::{Answered, Server, World, send};

/// Holds the first write open until all of `bodies` are sent, so that they find a call under way; answers come in no order.
async fn behind_a_slow_call(world: &World, server: &Server, bodies: Vec<String>) -> Vec<(String, Answered)> {
    world.fault(Rule::new(Fault::Delay(Duration::from_secs(2))).operation("BatchWriteItem").times(1));
    let mut posts = JoinSet::new();
    let mut post = |body: String| {
        let (http, url) = (world.http.clone(), server.url.clone());
        posts.spawn(async move { (body.clone(), send(&http, Method::POST, &url, &[], body.into_bytes()).await.unwrap()) });
    };
    post(r#"{"id":"first"}"#.to_owned());
    while world.aws.recorder().count(Some(APP), "BatchWriteItem") == 0 {
        tokio::task::yield_now().await;
    }
    bodies.into_iter().for_each(post);
    posts.join_all().await
}

#[tokio::test]
async fn many_requests_share_full_calls() {
    let world = World::new().await;
    let server = world.serve(&[("LINGER_MS", "1000")]).await;
    world.aws.recorder().keep_bodies(true);
    let answers = behind_a_slow_call(&world, &server, (0..75).map(|n| format!("{{\"id\":\"{n}\"}}")).collect()).await;
    assert!(answers.iter().all(|(_, answered)| answered.status == 204));
    assert_eq!(world.items().await.len(), 76);
    let calls = world.aws.recorder().calls();
    let mut sizes: Vec<_> = calls.iter().filter(|call| call.operation == "BatchWriteItem").filter_map(|call| call.items).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 25, 25, 25]);
}

#[tokio::test]
async fn a_lone_request_does_not_wait_for_others() {
    let world = World::new().await;
    let server = world.serve(&[("LINGER_MS", "1000"), ("REQUEST_TIMEOUT_MS", "900")]).await;
    for n in 0..3 {
        assert_eq!(world.post(&server, &[], format!("{{\"n\":{n}}}")).await.status, 204);
    }
}

#[tokio::test]
async fn a_refused_document_is_told_to_its_sender_alone() {
    let world = World::new().await;
    let server = world.serve(&[("LINGER_MS", "1000")]).await;
    world.fault(Rule::new(Fault::refuse_items("culprit", "index key of the wrong type")).operation("BatchWriteItem"));
    let bodies = ["a", "culprit", "b"].map(|id| format!("{{\"id\":\"{id}\"}}"));
    for (body, answered) in behind_a_slow_call(&world, &server, bodies.into()).await {
        assert_eq!(answered.status, if body.contains("culprit") { 422 } else { 204 }, "{body}: {answered:?}");
    }
    assert_eq!(world.items().await.len(), 3);
}

#[tokio::test]
async fn one_key_from_two_senders_is_one_item_and_both_are_told_so() {
    let world = World::new().await;
    let server = world.serve(&[("LINGER_MS", "1000")]).await;
    let bodies = ["1", "2"].map(|n| format!("{{\"id\":\"same\",\"n\":{n}}}"));
    let answers = behind_a_slow_call(&world, &server, bodies.into()).await;
    assert!(answers.iter().all(|(_, answered)| answered.status == 204));
    assert_eq!(world.items().await.len(), 2);
}
