//! Delivery over the wire: what the URL gets, how often, and what is acknowledged.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodbstreams::primitives::DateTime;
use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record, StreamRecord};
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded};
use tablefeed_relay::change::Change;
use tablefeed_relay::deliver::{Deliverer, DelivererError, Ended, Guard, Progress};
use tablefeed_relay::signature;
use tablefeed_relay::subscription::{Declaration, Secret};

use crate::receiver::{Content, Received, Receiver, Reply};

const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000";
const SHARD: &str = "shardId-1";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a delivery told.
#[derive(Debug, Default)]
struct Told {
    acknowledged: Vec<usize>,
    failures: Vec<(String, u32)>,
    successes: usize,
    letters: usize,
}

fn change(sequence: u64, event: OperationType) -> Arc<Change> {
    let content = StreamRecord::builder()
        .approximate_creation_date_time(DateTime::from_secs(1_700_000_000))
        .keys("id", AttributeValue::S(format!("k{sequence}")))
        .new_image("n", AttributeValue::N(sequence.to_string()))
        .sequence_number(sequence.to_string())
        .build();
    let record = Record::builder().event_id(sequence.to_string()).event_name(event).dynamodb(content).build();
    Arc::new(Change::of(&record, ARN).unwrap())
}

fn changes(sequences: impl IntoIterator<Item = u64>) -> Vec<Arc<Change>> {
    sequences.into_iter().map(|sequence| change(sequence, OperationType::Insert)).collect()
}

fn declaration(url: &str, more: &Value) -> Arc<Declaration> {
    let mut value = json!({"table_name": "orders", "url": url});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Arc::new(Declaration::parse(&value).unwrap())
}

fn deliverer(url: &str, more: &Value) -> Deliverer {
    let nowhere = Clients::new(&config_for_endpoint("http://127.0.0.1:9"), "tablefeed-test", None);
    Deliverer::new(declaration(url, more), Guard::Trusted, "subscription", &nowhere.sqs).unwrap()
}

async fn deliver(deliverer: &Deliverer, changes: &[Arc<Change>]) -> (Result<(), Ended>, Told) {
    deliver_until(deliverer, changes, |_| ()).await
}

/// `failed` hears of each failure.
async fn deliver_until(deliverer: &Deliverer, changes: &[Arc<Change>], failed: impl Fn(&str) + Send + Sync) -> (Result<(), Ended>, Told) {
    let told = Mutex::new(Told::default());
    let progress = Progress {
        acknowledged: &|count| {
            told.lock().unwrap().acknowledged.push(count);
            Ok(())
        },
        failed: &|error, attempt| {
            told.lock().unwrap().failures.push((error.to_owned(), attempt));
            failed(error);
        },
        succeeded: &|| told.lock().unwrap().successes += 1,
        letter: &|| told.lock().unwrap().letters += 1,
    };
    let ended = tokio::time::timeout(PATIENCE, deliverer.deliver(SHARD, changes, &progress)).await.unwrap();
    (ended, told.into_inner().unwrap())
}

#[tokio::test]
async fn a_batch_arrives_signed_with_its_headers_in_the_shape_of_an_event() {
    let receiver = Receiver::with_statuses(&[204]).await;
    let secrets = [Secret(vec![1; 24]), Secret(vec![2; 32])];
    let more = json!({"secret": secrets.each_ref().map(Secret::text), "headers": {"X-Key": "v"}});
    let (ended, told) = deliver(&deliverer(&receiver.url, &more), &changes([9, 10])).await;
    assert_eq!((ended, told.acknowledged, told.successes), (Ok(()), vec![2], 1));
    let received = receiver.received();
    let [request] = received.as_slice() else { panic!("one request") };
    assert_eq!((request.sequences(), request.header("x-key")), (vec![9, 10], "v"));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.json()["Records"][0]["dynamodb"]["NewImage"], json!({"n": {"N": "9"}}));
    let now: u64 = request.header("webhook-timestamp").parse().unwrap();
    for secret in secrets {
        assert_eq!(signature::verify(&[secret], &request.headers, &request.body, now), Ok(()));
    }
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_with_the_same_id_and_acknowledged_once() {
    let receiver = Receiver::start(|index, _| match index {
        0 => Reply::status(500),
        1 => Reply::status(302).header("location", "/elsewhere"),
        _ => Reply::status(200),
    });
    let receiver = receiver.await;
    let (ended, told) = deliver(&deliverer(&receiver.url, &json!({})), &changes([1, 2])).await;
    assert_eq!((ended, &told.acknowledged), (Ok(()), &vec![2]));
    let failures: Vec<_> = told.failures.iter().map(|(error, attempt)| (error.as_str(), *attempt)).collect();
    assert_eq!(failures, [("the URL answers 500", 1), ("the URL answers 302", 2)]);
    let received = receiver.received();
    assert!(received.iter().all(|request| request.path == "/" && request.header("webhook-id") == received[0].header("webhook-id")));
    assert_eq!(receiver.batches(), [[1, 2], [1, 2], [1, 2]]);
}

#[tokio::test]
async fn a_url_is_left_alone_for_as_long_as_it_asks() {
    let receiver = Receiver::start(|index, _| if index == 0 { Reply::status(503).header("retry-after", "1") } else { Reply::status(200) });
    let receiver = receiver.await;
    deliver(&deliverer(&receiver.url, &json!({})), &changes([1])).await.0.unwrap();
    let received = receiver.received();
    assert!(received[1].at - received[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn gone_is_the_end() {
    let receiver = Receiver::with_statuses(&[410]).await;
    let (ended, told) = deliver(&deliverer(&receiver.url, &json!({})), &changes([1])).await;
    assert_eq!((ended, told.acknowledged, receiver.received().len()), (Err(Ended::Gone), vec![], 1));
}

#[tokio::test]
async fn no_answer_in_time_is_a_failure() {
    let slow = |index, _: &Received| Reply { delay: Duration::from_secs(if index == 0 { 30 } else { 0 }), ..Reply::status(200) };
    let receiver = Receiver::start(slow).await;
    let (ended, told) = deliver(&deliverer(&receiver.url, &json!({"timeout_ms": 200})), &changes([1])).await;
    assert_eq!((ended, told.acknowledged), (Ok(()), vec![1]));
    assert_eq!(told.failures, [("no answer within 200 ms".to_owned(), 1)]);
}

#[tokio::test]
async fn an_answer_without_an_end_does_not_hold_a_delivery_up() {
    let receiver = Receiver::start(|_, _| Reply { body: Content::Endless, ..Reply::status(200) }).await;
    let (ended, told) = deliver(&deliverer(&receiver.url, &json!({"batch": {"max_records": 1}})), &changes([1, 2])).await;
    assert_eq!((ended, told.acknowledged, told.failures), (Ok(()), vec![1, 1], vec![]));
}

#[tokio::test]
async fn a_batch_that_is_too_large_for_a_body_is_split() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let all = changes(10..15);
    let bytes = all[0].bytes() * 2 + 20;
    let (_, told) = deliver(&deliverer(&receiver.url, &json!({"batch": {"max_bytes": bytes}})), &all).await;
    assert_eq!(receiver.batches(), [vec![10, 11], vec![12, 13], vec![14]]);
    assert_eq!(told.acknowledged, [2, 2, 1]);
    assert!(receiver.received().iter().all(|request| request.body.len() <= bytes));
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_followed_by_more() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let deliverer = deliverer(&receiver.url, &json!({"batch": {"max_records": 1}}));
    let nothing = Progress { acknowledged: &|_| Err("full".to_owned()), failed: &|_, _| (), succeeded: &|| (), letter: &|| () };
    let ended = deliverer.deliver(SHARD, &changes([1, 2]), &nothing).await;
    assert_eq!((ended, receiver.received().len()), (Err(Ended::Unstored("full".to_owned())), 1));
}

/// Refuses whatever has the record 6 in it.
async fn refusing() -> Receiver {
    Receiver::start(|_, request| Reply::status(if request.sequences().contains(&6) { 400 } else { 200 })).await
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_refused_record_becomes_a_letter_and_the_others_arrive_in_order() {
    let (receiver, dir) = (refusing().await, tempfile::tempdir().unwrap());
    let path = dir.path().join("letters/orders.jsonl");
    let more = json!({"on_failure": "dead_letter", "max_attempts": 2, "dead_letter": {"file": path}});
    let (ended, told) = deliver(&deliverer(&receiver.url, &more), &changes(1..9)).await;
    assert_eq!((ended, told.letters), (Ok(()), 1));
    assert_eq!(told.acknowledged.iter().sum::<usize>(), 8);
    let taken: Vec<u64> = receiver.batches().into_iter().filter(|batch| !batch.contains(&6)).flatten().collect();
    assert_eq!(taken, [1, 2, 3, 4, 5, 7, 8]);
    let letters = lines(&path);
    let [letter] = letters.as_slice() else { panic!("one letter") };
    assert_eq!((&letter["subscription"], &letter["shard"], &letter["sequence"]), (&json!("subscription"), &json!(SHARD), &json!("6")));
    assert_eq!((&letter["error"], &letter["record"]["eventID"]), (&json!("the URL answers 400"), &json!("6")));
}

#[tokio::test]
async fn a_letter_that_is_not_accepted_is_posted_again() {
    let (receiver, dir) = (refusing().await, tempfile::tempdir().unwrap());
    let obstacle = dir.path().join("letters");
    std::fs::write(&obstacle, "").unwrap();
    let path = obstacle.join("orders.jsonl");
    let more = json!({"on_failure": "dead_letter", "max_attempts": 1, "dead_letter": {"file": path}});
    let remove = |error: &str| {
        if error.contains("a letter is not accepted") {
            std::fs::remove_file(&obstacle).unwrap_or_default();
        }
    };
    let (ended, told) = deliver_until(&deliverer(&receiver.url, &more), &changes([6, 7]), remove).await;
    assert_eq!((ended, told.letters, lines(&path).len()), (Ok(()), 1, 1));
    assert_eq!(receiver.batches().last(), Some(&vec![7]));
}

#[tokio::test]
async fn a_letter_to_a_queue_carries_an_id_and_one_that_is_too_large_goes_without_images() {
    let (receiver, aws) = (refusing().await, Embedded::start(Config::default()).await.unwrap());
    let sqs = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None).sqs.clone();
    sqs.create_queue().queue_name("letters").send().await.unwrap();
    let queue = aws.queue_url("letters");
    let more = json!({"on_failure": "dead_letter", "max_attempts": 1, "dead_letter": {"queue_url": queue}});
    let deliverer = Deliverer::new(declaration(&receiver.url, &more), Guard::Trusted, "subscription", &sqs).unwrap();
    let huge = StreamRecord::builder().sequence_number("6").new_image("x", AttributeValue::S("x\u{ffff}".repeat(300_000))).build();
    let huge = Record::builder().event_name(OperationType::Insert).dynamodb(huge).build();
    let all = [change(6, OperationType::Insert), Arc::new(Change::of(&huge, ARN).unwrap())];
    for one in &all {
        deliver(&deliverer, std::slice::from_ref(one)).await.0.unwrap();
    }
    let mut bodies = Vec::new();
    while bodies.len() < 2 {
        let messages = sqs.receive_message().queue_url(&queue).message_attribute_names("All").send().await.unwrap().messages;
        for message in messages.unwrap() {
            let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            let attribute = message.message_attributes.as_ref().unwrap()["id"].string_value().unwrap().to_owned();
            assert_eq!(body["id"], attribute);
            bodies.push(body);
        }
    }
    let omitted = bodies.iter().filter(|body| body.get("images_omitted") == Some(&json!(true))).count();
    assert_eq!((omitted, bodies[0]["id"] == bodies[1]["id"]), (1, true));
}

#[tokio::test]
async fn a_url_that_is_not_the_operators_does_not_lead_into_the_network() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let sqs = Clients::new(&config_for_endpoint("http://127.0.0.1:9"), "tablefeed-test", None).sqs.clone();
    for url in [receiver.url.clone(), receiver.url.replace("127.0.0.1", "localhost"), receiver.url.replace("127.0.0.1", "0x7f.1")] {
        let more = json!({"on_failure": "dead_letter", "max_attempts": 1, "dead_letter": {"queue_url": "http://127.0.0.1:9/1/none"}});
        let deliverer = Deliverer::new(declaration(&url, &more), Guard::Public, "subscription", &sqs).unwrap();
        let (heard, hears) = tokio::sync::mpsc::unbounded_channel();
        let failed = move |error: &str| heard.send(error.to_owned()).unwrap_or_default();
        let mut hears = hears;
        let all = changes([1]);
        tokio::select! {
            _ = deliver_until(&deliverer, &all, failed) => panic!("nothing is to be delivered"),
            error = hears.recv() => assert!(error.as_ref().is_some_and(|error| error.contains("no public address")), "{url}: {error:?}"),
        }
    }
    assert!(receiver.received().is_empty());
    let letters = json!({"on_failure": "dead_letter", "dead_letter": {"file": "x"}});
    let refused = Deliverer::new(declaration(&receiver.url, &letters), Guard::Public, "subscription", &sqs);
    assert!(matches!(refused, Err(DelivererError::LettersToFile)));
}

#[tokio::test]
async fn a_subscription_is_about_its_events_and_its_pattern() {
    let more = json!({"events": ["INSERT"], "where": {"dynamodb": {"NewImage": {"n": {"N": ["7"]}}}}, "image": "keys"});
    let deliverer = deliverer("http://127.0.0.1:9/", &more);
    assert!(deliverer.wants(&change(7, OperationType::Insert)));
    assert!(!deliverer.wants(&change(8, OperationType::Insert)) && !deliverer.wants(&change(7, OperationType::Modify)));
}

#[tokio::test]
async fn a_notice_is_sent_once() {
    let receiver = Receiver::with_statuses(&[500]).await;
    deliverer(&receiver.url, &json!({})).notify("orders", "its stream is gone").await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json(), json!({"table_name": "orders", "message": "its stream is gone"}));
}
