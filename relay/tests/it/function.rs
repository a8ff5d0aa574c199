//! The function behind Lambda's event source mapping: whatever the URL answers, in order, and nothing lost.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tablefeed_local::esm::{Answer, ChangeRecord, Clock, Delivery, Esm, EventSource, Failure, OnFailure, SequenceNumber, Summary};
use tablefeed_relay::function::{Function, Invocation, parse_settings};
use tokio::time::Instant;

use crate::receiver::{Received, Receiver, Reply};

const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000";
const SHARD: &str = "shardId-00000001";
const START: Duration = Duration::from_secs(1_700_000_000);

fn record(sequence: u64) -> ChangeRecord {
    let json = json!({
        "eventID": sequence.to_string(), "eventName": if sequence.is_multiple_of(2) { "INSERT" } else { "MODIFY" }, "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": {"id": {"S": format!("k{}", sequence % 3)}}, "SequenceNumber": sequence.to_string()}, "eventSourceARN": ARN,
    });
    let number = SequenceNumber::parse(&sequence.to_string()).unwrap();
    ChangeRecord { sequence: number, key: (sequence % 3).to_string(), json: json.to_string(), arrival: START }
}

fn function(url: &str, more: &[(&str, &str)]) -> Function {
    let set = |name: &str| {
        let more = more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        more.or_else(|| (name == "URL").then(|| url.to_owned()))
    };
    Function::new(parse_settings(set).unwrap().declaration).unwrap()
}

async fn invoke(function: &Function, event: &[u8], time: Duration) -> Answer {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:relay";
    let invocation = Invocation::new("request-1", arn, Instant::now() + time, SystemTime::now());
    let response = function.handle(event, &invocation).await.response;
    response.map(|response| serde_json::to_vec(&response).unwrap()).map_err(|error| Failure::Function(error.to_string()))
}

/// A mapping over records 8, 9, 10, …, told to its end. `change` sets it up.
async fn run(function: &Function, records: u64, time: Duration, change: impl FnOnce(&mut EventSource)) -> Summary {
    let mut source = EventSource {
        report_batch_item_failures: true,
        on_failure: OnFailure::Metadata,
        ..EventSource::new(ARN, "arn:aws:lambda:us-east-1:123456789012:function:relay")
    };
    change(&mut source);
    let mut esm = Esm::new(source).unwrap();
    for sequence in 8..8 + records {
        esm.push_change(SHARD, &record(sequence)).unwrap();
    }
    esm.run(async |delivery: &Delivery| invoke(function, &delivery.event, time).await, &Clock::at(START)).await
}

const LONG: Duration = Duration::from_secs(60);

/// What a receiver took that refuses what `refuses` says.
fn taken(receiver: &Receiver, refuses: impl Fn(usize, &Received) -> bool) -> Vec<u64> {
    let received = receiver.received();
    let taken = received.iter().enumerate().filter(|(index, request)| !refuses(*index, request));
    taken.flat_map(|(_, request)| request.sequences()).collect()
}

#[tokio::test]
async fn records_arrive_in_order_by_number_in_posts_of_the_size_that_is_set() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let summary = run(&function(&receiver.url, &[("MAX_RECORDS", "2")]), 5, LONG, |source| source.batch_size = 3).await;
    assert_eq!(receiver.batches(), [vec![8, 9], vec![10], vec![11, 12]]);
    assert_eq!((summary.invocations, summary.retries), (2, 0));
}

#[tokio::test]
async fn a_record_goes_on_as_it_came() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let text = r#"{ "eventName":"INSERT", "dynamodb":{"SequenceNumber":"007","NewImage":{"n":{"N":"1.0"}},"x":1.50}}"#;
    let event = format!(r#"{{"Records":[{text}]}}"#);
    invoke(&function(&receiver.url, &[]), event.as_bytes(), LONG).await.unwrap();
    assert_eq!(receiver.received()[0].body, event);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_within_the_invocation() {
    let receiver = Receiver::with_statuses(&[503, 200]).await;
    let summary = run(&function(&receiver.url, &[]), 3, LONG, |_| ()).await;
    assert_eq!(receiver.batches(), [[8, 9, 10], [8, 9, 10]]);
    assert_eq!((summary.invocations, summary.retries), (1, 0));
}

#[tokio::test]
async fn what_is_not_delivered_when_time_is_up_is_delivered_from_there_on_by_the_next_invocation() {
    // The second POST is put off for longer than the invocation has.
    let refuses = |index, _: &Received| index == 1;
    let reply = move |index, request: &Received| {
        if refuses(index, request) { Reply::status(429).header("retry-after", "60") } else { Reply::status(200) }
    };
    let receiver = Receiver::start(reply).await;
    let summary = run(&function(&receiver.url, &[("MAX_RECORDS", "2")]), 4, Duration::from_secs(2), |_| ()).await;
    assert_eq!(receiver.batches(), [[8, 9], [10, 11], [10, 11]]);
    assert_eq!(taken(&receiver, refuses), [8, 9, 10, 11]);
    assert_eq!((summary.invocations, summary.delivered), (2, 6));
}

#[tokio::test]
async fn the_first_record_that_is_not_delivered_is_the_one_that_is_reported() {
    let receiver = Receiver::start(|_, request| Reply::status(if request.sequences().contains(&10) { 400 } else { 200 })).await;
    let events: Vec<String> = (8..12).map(|sequence| record(sequence).json).collect();
    let event = format!(r#"{{"Records":[{}]}}"#, events.join(","));
    let answer = invoke(&function(&receiver.url, &[]), event.as_bytes(), LONG).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "10"}]}));
    assert_eq!(taken(&receiver, |_, request| request.sequences().contains(&10)), [8, 9]);
}

#[tokio::test]
async fn bisecting_gives_up_the_refused_record_alone() {
    for refused in [8, 11, 15] {
        let refuses = move |_, request: &Received| request.sequences().contains(&refused);
        let receiver = Receiver::start(move |index, request| Reply::status(if refuses(index, request) { 400 } else { 200 })).await;
        let bisecting = |source: &mut EventSource| {
            source.bisect_on_function_error = true;
            source.max_retry_attempts = Some(1);
        };
        let summary = run(&function(&receiver.url, &[]), 8, LONG, bisecting).await;
        let expected: Vec<u64> = (8..16).filter(|sequence| *sequence != refused).collect();
        assert_eq!(taken(&receiver, refuses), expected, "{refused}");
        let discarded: Vec<_> =
            summary.discarded.iter().map(|one| (one.batch.start_sequence_number.clone(), one.batch.batch_size)).collect();
        assert_eq!(discarded, [(refused.to_string(), 1)]);
    }
}

#[tokio::test]
async fn what_is_not_wanted_counts_as_done() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let wanted = [("EVENTS", "INSERT"), ("WHERE", r#"{"eventID":[{"anything-but":"10"}]}"#)];
    let summary = run(&function(&receiver.url, &wanted), 6, LONG, |source| source.batch_size = 2).await;
    assert_eq!(receiver.batches(), [[8], [12]]);
    assert_eq!(summary.retries, 0);
}

#[tokio::test]
async fn an_event_of_something_else_fails() {
    let receiver = Receiver::with_statuses(&[200]).await;
    let answer = invoke(&function(&receiver.url, &[]), br#"{"Records":[{"kinesis":{}}]}"#, LONG).await;
    assert!(matches!(answer, Err(Failure::Function(error)) if error.contains("Records[0]")));
    assert!(receiver.received().is_empty());
}
