//! A table that does not take documents, or not all: nothing is answered as stored that is not.

use serde_json::json;
use tablefeed_local::{Fault, Rule, Select};

use crate::world::World;

/// Every key contains {@id}, as letters for transient faults need.
const BY_IDENTITY: &str = r#"{"key":{"partition":"key"},"types":{"key":"S"},"item":{"key":"{@id}"},"rest":"keep"}"#;

fn throttle() -> Fault {
    Fault::throttle("TableWriteProvisionedThroughputExceeded", "arn:aws:dynamodb:us-east-1:000000000000:table/readings")
}

#[tokio::test]
async fn a_throttled_table_is_429_and_says_which_documents_are_written() {
    let world = World::new().await;
    let server = world.serve(&[("REQUEST_TIMEOUT_MS", "2500")]).await;
    world.fault(Rule::new(Fault::Unprocessed(Select::Containing("stubborn".to_owned()))));
    let of = world.post(&server, &[], r#"[{"id":"easy"},{"id":"stubborn"}]"#).await;
    assert_eq!((of.status, &of.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(of.body["results"], json!([{"index":0,"id":"easy","outcome":"persisted"},{"index":1,"id":"stubborn","outcome":"retry"}]));
    assert_eq!(world.items().await.len(), 1);
}

#[tokio::test]
async fn faults_that_pass_are_not_seen_outside() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    for fault in [throttle(), Fault::error(500, "InternalServerError", ""), Fault::Reset, Fault::LostAnswer, Fault::Cut] {
        world.fault(Rule::new(fault).operation("BatchWriteItem").times(1));
    }
    assert_eq!(world.post(&server, &[], r#"[{"id":"a"},{"id":"b"}]"#).await.status, 204);
    assert_eq!(world.items().await.len(), 2);
}

#[tokio::test]
async fn a_missing_table_and_one_that_fails_are_503() {
    let world = World::new().await;
    let server = world.serve_without_table(&[("REQUEST_TIMEOUT_MS", "2000")]).await;
    let of = world.post(&server, &[], r#"{"secret":"hush"}"#).await;
    assert_eq!((of.status, &of.body["results"][0]["outcome"]), (503, &json!("retry")));
    assert!(!of.body.to_string().contains("hush"));
    let server = world.serve(&[("REQUEST_TIMEOUT_MS", "2000")]).await;
    world.fault(Rule::new(Fault::error(500, "InternalServerError", "")).operation("BatchWriteItem"));
    assert_eq!(world.post(&server, &[], "{}").await.status, 503);
}

#[tokio::test]
async fn what_the_table_refuses_is_422_and_the_others_are_written() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    world.fault(Rule::new(Fault::refuse_items("culprit", "index key of the wrong type")).operation("BatchWriteItem"));
    let of = world.post(&server, &[], r#"[{"id":"a"},{"id":"culprit"}]"#).await;
    assert_eq!((of.status, &of.body["errors"][0]["reason"]), (422, &json!("refused_by_table")));
    assert_eq!(of.body["results"][0]["outcome"], "persisted");
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn under_dlq_what_is_not_written_is_a_letter_with_its_data_and_202() {
    let world = World::new().await;
    let server = world.serve(&[("MAPPING", BY_IDENTITY), ("WRITE_FAILURES", "dlq"), ("REQUEST_TIMEOUT_MS", "2500")]).await;
    world.fault(Rule::new(throttle()).operation("BatchWriteItem"));
    let of = world.post(&server, &[], r#"{"temperature":10}"#).await;
    assert_eq!((of.status, &of.body["outcomes"]), (202, &json!({"failed": 1})));
    let letter = world.letters().await.remove(0);
    assert_eq!(
        (&letter["reason"], &letter["source"], &letter["data_encoding"]),
        (&json!("write_failed"), &json!("http"), &json!("base64"))
    );
    assert!(letter["data"].as_str().unwrap().len() > 20);
}

#[tokio::test]
async fn a_letter_that_the_queue_takes_only_without_its_data_is_503() {
    let world = World::new().await;
    let server = world.serve(&[("MAPPING", BY_IDENTITY), ("WRITE_FAILURES", "dlq"), ("REQUEST_TIMEOUT_MS", "2500")]).await;
    world.fault(Rule::new(throttle()).operation("BatchWriteItem"));
    let too_large = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.";
    world.fault(Rule::new(Fault::error(400, "InvalidParameterValue", too_large)).operation("SendMessageBatch"));
    assert_eq!(world.post(&server, &[], r#"{"temperature":10}"#).await.status, 503);
    world.aws.faults().clear();
    assert!(world.letters().await.is_empty());
}
