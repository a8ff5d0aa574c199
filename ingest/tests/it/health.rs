//! What is told of the server, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};
use tablefeed_local::{Fault, Rule};
use tokio::net::TcpStream;

use crate::world::World;

#[tokio::test]
async fn health_readiness_and_counts_are_told() {
    let world = World::new().await;
    let server = world.serve(&[("MODULE_NAME", "sensor-store")]).await;
    world.post(&server, &[], "[{},{}]").await;
    let health = world.get(&server, "health").await;
    assert_eq!((&health.body["serverStatus"], &health.body["module"]), (&json!("OK"), &json!("sensor-store")));
    assert!(health.body["uptime"].is_u64());
    assert_eq!((world.get(&server, "ready").await.status, world.get(&server, "health/ready").await.status), (200, 200));
    let Value::String(metrics) = world.get(&server, "metrics").await.body else { panic!("metrics are text") };
    assert!(metrics.contains("\ntablefeed_ingest_documents_total{outcome=\"persisted\"} 2\n"), "{metrics}");
    assert!(
        metrics.contains("\ntablefeed_ingest_requests_total{status=\"204\"} 1\n") || metrics.contains("requests_total{status=\"204\"} 1\n")
    );
}

#[tokio::test]
async fn without_a_table_it_lives_but_is_not_ready() {
    let world = World::new().await;
    let server = world.serve_without_table(&[]).await;
    assert_eq!(world.get(&server, "ready").await.status, 503);
    let health = world.get(&server, "health").await;
    assert_eq!((health.status, &health.body["serverStatus"]), (200, &json!("DEGRADED")));
    assert_eq!(world.get(&server, "health/live").await.status, 200);
}

#[tokio::test]
async fn every_documented_path_is_there_with_its_method() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let document = world.get(&server, "openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 7);
    for (path, methods) in paths {
        let of = world.get(&server, path.trim_start_matches('/')).await;
        let expected = if methods.get("get").is_some() { 200 } else { 405 };
        assert_eq!(of.status, expected, "{path}");
    }
    let answers = paths["/"]["post"]["responses"].as_object().unwrap();
    for status in ["204", "400", "401", "413", "415", "422", "429", "503"] {
        assert!(answers.contains_key(status), "{status}");
    }
}

#[tokio::test]
async fn it_finishes_what_it_began_and_takes_nothing_new() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let slow = world.fault(Rule::new(Fault::Delay(Duration::from_millis(700))).operation("BatchWriteItem"));
    let url = server.url.clone();
    let http = world.http.clone();
    let under_way =
        tokio::spawn(async move { crate::world::send(&http, hyper::Method::POST, &url, &[], b"{\"id\":\"a\"}".to_vec()).await });
    while world.aws.faults().fired(slow) == 0 {
        tokio::task::yield_now().await;
    }
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    // A connection without a request does not hold it up.
    let idle = TcpStream::connect(&address).await.unwrap();
    server.stop().await;
    assert_eq!(under_way.await.unwrap().unwrap().status, 204);
    assert!(TcpStream::connect(&address).await.is_err());
    drop(idle);
    assert_eq!(world.items().await.len(), 1);
}
