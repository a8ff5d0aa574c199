//! Whole histories of a stream, told to the end in virtual time.

#![expect(clippy::unnecessary_wraps, reason = "answers are made as handlers give them")]

mod changes;
mod discarding;
mod model;
mod order;
mod property;
mod retries;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const SHARD: &str = "shardId-000000000000";
/// When most records of these tests arrive.
const START: Duration = Duration::from_secs(1_600_000_000);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So long before [`START`].
fn ago(time: Duration) -> Duration {
    START.saturating_sub(time)
}

fn number(sequence: u64) -> SequenceNumber {
    SequenceNumber::parse(&sequence.to_string()).unwrap()
}

/// Lambda's defaults, with responses read and everything that is discarded kept.
fn source() -> EventSource {
    let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/curated";
    EventSource {
        report_batch_item_failures: true,
        on_failure: OnFailure::Whole,
        ..EventSource::new(arn, "arn:aws:lambda:us-east-1:123456789012:function:persist")
    }
}

fn record(sequence: u64) -> Record {
    Record { sequence: number(sequence), partition_key: "key".to_owned(), data: b"{}".to_vec(), arrival: START }
}

/// A stream of one shard with these records.
fn stream(source: EventSource, records: impl IntoIterator<Item = Record>) -> Esm {
    let mut esm = Esm::new(source).unwrap();
    for record in records {
        esm.push(SHARD, &record).unwrap();
    }
    esm
}

/// The sequence numbers in an event.
fn sequences(event: &[u8]) -> Vec<u64> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let text = |record: &Value| record["kinesis"]["sequenceNumber"].as_str().unwrap().parse().unwrap();
    event["Records"].as_array().unwrap().iter().map(text).collect()
}

fn success() -> Answer {
    Ok(b"{\"batchItemFailures\":[]}".to_vec())
}

fn partial(sequence: u64) -> Answer {
    Ok(json!({"batchItemFailures": [{"itemIdentifier": sequence.to_string()}]}).to_string().into_bytes())
}

fn complete_failure() -> Answer {
    Ok(b"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}".to_vec())
}

fn function_error() -> Answer {
    Err(Failure::Function("broken".to_owned()))
}

/// What was delivered, in the order of time, and what came of it.
struct History {
    deliveries: Vec<Vec<u64>>,
    /// When, in seconds after [`START`].
    times: Vec<u64>,
    summary: Summary,
}

/// Runs to the end; the clock starts at [`START`].
async fn history(esm: &mut Esm, mut answer: impl FnMut(&[u64]) -> Answer) -> History {
    let clock = Clock::at(START);
    let (mut deliveries, mut times) = (Vec::new(), Vec::new());
    let summary = esm
        .run(
            async |delivery| {
                let batch = sequences(&delivery.event);
                let answer = answer(&batch);
                times.push(clock.now().saturating_sub(START).as_secs());
                deliveries.push(batch);
                answer
            },
            &clock,
        )
        .await;
    History { deliveries, times, summary }
}

/// The next step, which has to be a delivery.
fn deliver(esm: &mut Esm, now: Duration) -> Delivery {
    match esm.next(now) {
        Step::Deliver(delivery) => delivery,
        other => panic!("a delivery was expected, not {other:?}"),
    }
}
