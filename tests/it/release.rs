//! What only the release build can show. Builds it, so that it is never a stale one.

use std::path::PathBuf;

use serde_json::json;
use tokio::process::Command;

use crate::binary::environment;
use crate::event::{Event, curated};
use crate::lambda::Lambda;
use crate::world::World;

/// Builds the function, and the benches' programs, which `make test-more` counts; returns its path.
async fn persist() -> PathBuf {
    let arguments = ["build", "--release", "-p", "tablefeed", "-p", "tablefeed-bench-work", "--bins", "--locked"];
    let built = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    PathBuf::from(env!("CARGO_BIN_EXE_persist")).ancestors().nth(2).unwrap().join("release/persist")
}

#[tokio::test]
async fn a_panic_on_one_record_does_not_end_the_release_binary() {
    let world = World::new().await;
    let binary = persist().await;
    let environment = environment(&world, &[("DRILL_PANIC_PARTITION_KEY", "panic")]);
    let mut lambda = Lambda::start(binary.to_str().unwrap(), environment).await;
    let event = Event::of([curated(0)]).record("panic", curated(1)).record("key", curated(2));
    let answer = lambda.invoke(event.bytes()).await;
    assert_eq!((answer.kind.as_str(), answer.body), ("response", json!({"batchItemFailures": []})));
    assert_eq!((world.items().await.len(), world.reasons().await), (2, vec!["internal".to_owned()]));
    let answer = lambda.invoke(Event::of([curated(0)]).bytes()).await;
    assert_eq!(answer.kind, "response", "it lives on");
    let warning = lambda.line().await;
    assert!(warning["message"].as_str().unwrap().contains("DRILL_PANIC_PARTITION_KEY"));
    let panic = lambda.line().await;
    assert!(panic["message"].as_str().unwrap().starts_with("panic at "), "{panic}");
}
