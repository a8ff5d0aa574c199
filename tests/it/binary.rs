//! The real `persist` binary against a Lambda Runtime API of the test's own.

use std::collections::BTreeMap;

use serde_json::json;

use crate::event::{Event, curated};
use crate::lambda::Lambda;
use crate::world::World;

/// The function's environment in the cloud, on the embedded AWS.
pub fn environment(world: &World, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut environment = world.environment(changes);
    let aws = [
        ("AWS_ENDPOINT_URL", world.aws.endpoint()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    environment.extend(aws.map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}

#[tokio::test]
async fn the_binary_answers_two_invocations_and_an_unreadable_one() {
    let world = World::new().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[])).await;

    let first = lambda.invoke(Event::of([curated(1), "poison".into()]).bytes()).await;
    assert_eq!((first.kind.as_str(), first.body), ("response", json!({"batchItemFailures": []})));
    let line = lambda.line().await;
    assert_eq!((&line["outcomes"]["persisted"], &line["letters"]["bad_json"], &line["level"]), (&json!(1), &json!(1), &json!("WARN")));
    assert_eq!(line["function_request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    let metrics = lambda.line().await;
    assert_eq!((&metrics["Persisted"], &metrics["Letters"], &metrics["SystemicFailure"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"], "tablefeed");

    let unreadable = lambda.invoke(r#"{"Records":[{"eventSource":"aws:s3"}]}"#).await;
    assert_eq!((unreadable.kind.as_str(), &unreadable.body["errorType"]), ("error", &json!("UnreadableEvent")));
    assert!(unreadable.body["errorMessage"].as_str().unwrap().contains("an event of aws:s3 came"));

    let second = lambda.invoke(Event::of([curated(2), curated(3)]).bytes()).await;
    assert_eq!((second.kind.as_str(), second.body), ("response", json!({"batchItemFailures": []})));
    // The first two records of both events have the same sequence numbers, so the second event rewrites the first one's item.
    assert_eq!((world.items().await.len(), world.letters().await.len()), (2, 1));
}

#[tokio::test]
async fn the_binary_reports_the_checkpoint() {
    let world = World::empty().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[])).await;
    let answer = lambda.invoke(Event::of([curated(1)]).bytes()).await;
    assert_eq!(answer.body, json!({"batchItemFailures": [{"itemIdentifier": crate::event::sequence(0)}]}));
    let line = lambda.line().await;
    assert!(line["systemic_failure"].as_str().unwrap().contains("ResourceNotFoundException"), "{line}");
}

#[tokio::test]
async fn bad_settings_end_the_binary_at_init_and_all_are_named() {
    let world = World::empty().await;
    let environment = environment(&world, &[("PERSIST_RECORDS", "ten"), ("TABLE", ""), ("OVER_LIMIT", "x")]);
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment).await;
    let line = lambda.line().await;
    let message = line["message"].as_str().unwrap();
    assert!(["PERSIST_RECORDS", "TABLE is missing", "OVER_LIMIT"].iter().all(|part| message.contains(part)), "{message}");
    assert!(!lambda.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn letters_are_logged_at_debug_without_record_contents() {
    let world = World::new().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[("LOG_LEVEL", "DEBUG")])).await;
    lambda.invoke(Event::of([r#"{"secret":"hunter2"}"#]).bytes()).await;
    for _ in 0..4 {
        let line = lambda.line().await.to_string();
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[tokio::test]
async fn every_line_of_an_invocation_names_it_and_a_sampled_one_is_told_at_debug() {
    let world = World::new().await;
    let changes = [("LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOGGER_SAMPLE_RATE", "1"), ("POWERTOOLS_METRICS_DISABLED", "true")];
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &changes)).await;
    for cold_start in [true, false] {
        lambda.invoke(Event::of(["poison"]).bytes()).await;
        for (level, message) in [("DEBUG", "letter"), ("WARN", "done")] {
            let line = lambda.line().await;
            assert_eq!((&line["level"], &line["message"]), (&json!(level), &json!(message)));
            assert_eq!(line["xray_trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
            assert_eq!(line["function_request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
            assert_eq!((&line["service"], &line["cold_start"]), (&json!("persist"), &json!(cold_start)));
            assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        }
    }
    lambda.invoke("{}").await;
    let line = lambda.line().await;
    assert_eq!((&line["level"], &line["cold_start"]), (&json!("ERROR"), &json!(false)));
}

#[tokio::test]
async fn at_debug_the_first_line_says_what_decided_on_the_level() {
    let world = World::new().await;
    let changes = [("LOG_LEVEL", "ERROR"), ("AWS_LAMBDA_LOG_LEVEL", "DEBUG")];
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &changes)).await;
    let message = lambda.line().await["message"].to_string();
    assert!(message.contains("log level DEBUG by AWS_LAMBDA_LOG_LEVEL") && message.contains("LOG_LEVEL ERROR"), "{message}");
    for cold_start in [1, 0] {
        lambda.invoke(Event::of([curated(1)]).bytes()).await;
        assert_eq!(lambda.line().await["level"], "INFO");
        assert_eq!(lambda.line().await["ColdStart"], cold_start);
    }
}
