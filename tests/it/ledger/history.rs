//! Whole histories of a stream through the event source mapping: whatever went wrong on the way, once the faults stop everything is in
//! the table, in the queue, or in the on-failure destination, and keys that are functions of the partition key are in order.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tablefeed_local::esm::{Answer, Clock, Delivery, Esm, EventSource, Failure, OnFailure, Record, SequenceNumber, Summary};

use super::case::{Planned, planned};
use super::run::run;
use crate::event::{SOURCE, sequence};
use crate::world::{World, invoke};

const MAPPING: &str =
    r#"{"key": {"partition": "k"}, "types": {"k": "S"}, "item": {"k": "{@partition-key}", "b": "{@batch}"}, "rest": "keep"}"#;

const HISTORIES: u64 = 240;

/// A stream, the mapping that reads it, and what goes wrong.
#[derive(Debug, Clone)]
struct History {
    /// Partition key of each record; `None` is poison under some key.
    records: Vec<Option<u8>>,
    shards: u8,
    batch_size: usize,
    parallelization: u32,
    bisect: bool,
    attempts: Option<u32>,
    faults: Vec<Planned>,
    /// Whether an invocation is lost by time-out or error although it did its work.
    lost: Vec<bool>,
}

fn histories() -> impl Strategy<Value = History> {
    let records = vec(prop_oneof![6 => (0u8..6).prop_map(Some), 1 => Just(None)], 1..60);
    let attempts = prop_oneof![3 => Just(None), 1 => (0u32..3).prop_map(Some)];
    // What lasts is left to the property over single events: here the faults stop by themselves.
    let faults = vec(planned(), 0..4)
        .prop_map(|faults| faults.into_iter().map(|fault| Planned { times: fault.times.or(Some(4)), ..fault }).collect());
    let mapping = (1u8..4, 1usize..20, 1u32..4, any::<bool>(), attempts);
    (records, mapping, faults, vec(proptest::bool::weighted(0.3), 0..6)).prop_map(
        |(records, (shards, batch_size, parallelization, bisect, attempts), faults, lost)| History {
            records,
            shards,
            batch_size,
            parallelization,
            bisect,
            attempts,
            faults,
            lost,
        },
    )
}

impl History {
    fn source(&self) -> EventSource {
        EventSource {
            batch_size: self.batch_size,
            parallelization_factor: self.parallelization,
            bisect_on_function_error: self.bisect,
            report_batch_item_failures: true,
            max_retry_attempts: self.attempts,
            on_failure: OnFailure::Whole,
            ..EventSource::new(SOURCE, "arn:aws:lambda:us-east-1:123456789012:function:persist")
        }
    }

    fn key(record: Option<u8>) -> String {
        record.map_or("poison".to_owned(), |key| format!("k{key}"))
    }

    fn esm(&self) -> Esm {
        let mut esm = Esm::new(self.source()).unwrap();
        for (number, record) in self.records.iter().enumerate() {
            let data = record.map_or("poison".to_owned(), |_| format!("{{\"n\":{number}}}"));
            let record = Record {
                sequence: SequenceNumber::parse(&sequence(number)).unwrap(),
                partition_key: History::key(*record),
                data: data.into_bytes(),
                arrival: Duration::from_secs(1_545_084_650),
            };
            // A partition key is always in one shard.
            let shard = record.partition_key.bytes().last().unwrap_or(0) % self.shards;
            esm.push(&format!("shardId-{shard:012}"), &record).unwrap();
        }
        esm
    }
}

/// Runs a history to its end.
async fn check(history: &History) -> Result<(), String> {
    let world = World::for_mapping(MAPPING).await;
    for fault in &history.faults {
        world.fault(fault.rule());
    }
    let function = world.function(&[("MAPPING", MAPPING)]);
    let invocations = Cell::new(0);
    let handler = async |delivery: &Delivery| -> Answer {
        let number = invocations.replace(invocations.get() + 1);
        let handled = invoke(&function, &delivery.event, Duration::from_secs(20)).await;
        match (history.lost.get(number), handled) {
            (Some(true), _) if number.is_multiple_of(2) => Err(Failure::TimedOut),
            (Some(true), _) => Err(Failure::Function("lost on its way".to_owned())),
            (_, Ok(handled)) => Ok(serde_json::to_vec(&handled.response.unwrap()).unwrap()),
            (_, Err(error)) => Err(Failure::Function(error.to_string())),
        }
    };
    let mut esm = history.esm();
    let summary = esm.run(handler, &Clock::at(Duration::from_secs(1_545_084_700))).await;
    if esm.unfinished() > 0 {
        return Err(format!("{} records are unfinished", esm.unfinished()));
    }
    closes(history, &world, &summary).await
}

async fn closes(history: &History, world: &World, summary: &Summary) -> Result<(), String> {
    let discarded = discarded(summary);
    let letters: BTreeSet<String> = world.letters().await.iter().map(|letter| letter["sequence"].as_str().unwrap().to_owned()).collect();
    let items = world.items().await;
    let items: BTreeMap<&str, usize> =
        items.iter().map(|item| (item["k"].as_s().unwrap().as_str(), item["n"].as_n().unwrap().parse().unwrap())).collect();
    if summary.dropped > 0 || (history.attempts.is_none() && !discarded.is_empty()) {
        return Err(format!("{} dropped, {} discarded", summary.dropped, discarded.len()));
    }
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for (number, record) in history.records.iter().enumerate() {
        let place = sequence(number);
        match record {
            None if !letters.contains(&place) && !discarded.contains(&place) => return Err(format!("poison {number} is nowhere")),
            Some(_) if letters.contains(&place) => return Err(format!("a letter for record {number}, whose faults passed")),
            Some(_) if !discarded.contains(&place) => {
                last.insert(History::key(*record), number);
            }
            _ => {}
        }
    }
    // A discarded record may have been written before Lambda gave up on it, so a key may hold a later one than the last of the others.
    let in_order = last.iter().all(|(key, number)| {
        items.get(key.as_str()).is_some_and(|found| found == number || (found > number && discarded.contains(&sequence(*found))))
    });
    if in_order { Ok(()) } else { Err(format!("the table holds {items:?}, but the last records are {last:?}; discarded {discarded:?}")) }
}

/// Sequence numbers of the records that the on-failure destination holds whole.
fn discarded(summary: &Summary) -> BTreeSet<String> {
    let events = summary.discarded.iter().filter_map(|discarded| discarded.payload.as_deref());
    events
        .flat_map(|event| {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            event["Records"].as_array().unwrap().clone()
        })
        .map(|record| record["kinesis"]["sequenceNumber"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_history_ends_with_everything_in_its_place_and_in_order() {
    run("HISTORY", HISTORIES, histories, async |history: &History| check(history).await.map(|()| Vec::new()));
}
