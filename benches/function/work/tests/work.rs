//! How often the function calls AWS, and asks for memory, for an event. Counted, not timed; a program of its own, as the counting allocator
//! is the whole program's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../src/event.rs"]
mod event;
#[path = "../src/in_process.rs"]
mod in_process;

use allocation_counter::{AllocationInfo, measure};
use in_process::{Answers, invoke};
use tablefeed::persist::Function;
use tablefeed::write::outcome::Outcome;
use tokio::runtime::{Builder, Runtime};

/// Its share of the requests included.
const MOST_A_RECORD: u64 = 23;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn allocations(runtime: &Runtime, function: &Function, records: usize) -> AllocationInfo {
    let event = event::of(records);
    let work = || runtime.block_on(invoke(function, &event)).unwrap().report.outcomes.of(Outcome::Persisted);
    assert_eq!(work(), u64::try_from(records).unwrap());
    measure(|| assert_eq!(work(), u64::try_from(records).unwrap()))
}

#[test]
fn an_event_takes_one_parameter_and_a_request_for_each_25_records() {
    for (records, requests) in [(0, 0), (1, 1), (25, 1), (26, 2), (1000, 40), (6000, 240)] {
        let answers = Answers::default();
        let function = answers.function(&[]).unwrap();
        let handled = runtime().block_on(invoke(&function, &event::of(records))).unwrap();
        assert_eq!(handled.report.outcomes.of(Outcome::Persisted), u64::try_from(records).unwrap());
        assert_eq!(answers.calls(), [usize::from(records > 0), requests, 0], "{records} records");
    }
}

#[test]
fn a_record_more_takes_few_allocations() {
    let runtime = runtime();
    let function = Answers::default().function(&[]).unwrap();
    let (one, two) = (allocations(&runtime, &function, 1000), allocations(&runtime, &function, 2000));
    let a_record = (two.count_total - one.count_total) / 1000;
    assert!((1..=MOST_A_RECORD).contains(&a_record), "{a_record} allocations a record, not {MOST_A_RECORD}");
}

#[test]
fn a_larger_event_takes_no_more_for_each_record() {
    let runtime = runtime();
    let function = Answers::default().function(&[]).unwrap();
    let (small, large) = (allocations(&runtime, &function, 1000), allocations(&runtime, &function, 6000));
    assert!(large.count_total <= small.count_total * 6, "{} for 1,000 records, {} for 6,000", small.count_total, large.count_total);
}
