//! Any stream, any settings, any answers, any order of answers, and a restart in between: nothing is lost, and keys keep their order.

use proptest::prelude::*;
use proptest::sample::Index;

use super::model::{Model, Stream};
use super::*;

/// A handler's answer to a batch.
#[derive(Debug, Clone)]
enum Reply {
    Success(usize),
    /// Reports this record, and the last one too.
    Partial(Index),
    CompleteFailure(usize),
    Failure(Failure),
}

impl Reply {
    fn answer(&self, batch: &[SequenceNumber]) -> Answer {
        let report = |identifiers: Value| Ok(json!({"batchItemFailures": identifiers}).to_string().into_bytes());
        match self {
            Reply::Success(which) => Ok(["", "null", "{}", "{\"batchItemFailures\":null}"][*which].as_bytes().to_vec()),
            Reply::Partial(index) => report(json!([{"itemIdentifier": batch.last()}, {"itemIdentifier": batch[index.index(batch.len())]}])),
            Reply::CompleteFailure(which) => {
                report([json!([{"itemIdentifier": ""}]), json!([{}]), json!([{"itemIdentifier": "0"}])][*which].clone())
            }
            Reply::Failure(failure) => Err(failure.clone()),
        }
    }

    /// How many of the first records are done.
    fn done(&self, batch: &[SequenceNumber], report: bool) -> usize {
        match self {
            Reply::Failure(_) => 0,
            Reply::Success(_) => batch.len(),
            _ if !report => batch.len(),
            Reply::Partial(index) => index.index(batch.len()),
            Reply::CompleteFailure(_) => 0,
        }
    }
}

fn replies() -> impl Strategy<Value = Vec<Reply>> {
    let reply = prop_oneof![
        2 => (0..4usize).prop_map(Reply::Success),
        4 => any::<Index>().prop_map(Reply::Partial),
        1 => (0..3usize).prop_map(Reply::CompleteFailure),
        1 => Just(Reply::Failure(Failure::Function("broken".to_owned()))),
        1 => Just(Reply::Failure(Failure::TimedOut)),
    ];
    prop::collection::vec(reply, 0..60)
}

/// One or two shards whose numbers grow in length, up to 107 digits, with arrivals that are not quite in order.
fn streams() -> impl Strategy<Value = Stream> {
    let record = (1u64..60, 0u64..6, 0u64..30_000, 0usize..20);
    let shard = (prop::collection::vec(record, 0..30), prop::sample::select(vec![0usize, 17, 100]));
    prop::collection::vec(shard, 1..3).prop_map(|shards| {
        let mut stream = Stream::new();
        for (shard, (records, zeros)) in shards.into_iter().enumerate() {
            let mut value = 0;
            for (index, (gap, key, jitter, size)) in records.into_iter().enumerate() {
                value += gap * if index % 5 == 0 { 1 } else { index as u64 };
                let sequence = SequenceNumber::parse(&format!("{value}{}", "0".repeat(zeros))).unwrap();
                let arrival = START + Duration::from_millis(index as u64 * 2000 + jitter);
                stream.push((
                    format!("shardId-{shard:012}"),
                    Record { sequence, partition_key: key.to_string(), data: vec![0; size], arrival },
                ));
            }
        }
        stream
    })
}

fn sources() -> impl Strategy<Value = EventSource> {
    let sizes = (1usize..7, prop::sample::select(vec![0u64, 15]), 1u32..5);
    let limits = (prop::option::of(0u32..4), prop::option::of(60u64..120));
    (sizes, limits, any::<bool>(), any::<bool>()).prop_map(|((batch_size, window, factor), (attempts, age), bisect, report)| EventSource {
        batch_size,
        window: seconds(window),
        parallelization_factor: factor,
        max_retry_attempts: attempts,
        max_record_age: age.map(seconds),
        bisect_on_function_error: bisect,
        report_batch_item_failures: report,
        ..source()
    })
}

/// What happens between two steps: which delivery is completed, how long it took, and whether another one is begun first.
type Turn = (Index, u64, bool);

fn run(source: &EventSource, stream: &Stream, replies: Vec<Reply>, turns: &[Turn], restart_at: usize) {
    let clock = Clock::at(START);
    let mut model = Model::new(source.clone(), stream);
    let mut esm = model.esm(Checkpoint::default());
    let mut in_flight: Vec<(Delivery, Vec<SequenceNumber>)> = Vec::new();
    let mut replies = replies.into_iter();
    let mut turns = turns.iter().cycle();
    for step in 0.. {
        assert!(step < 10_000, "the history does not end");
        model.check_checkpoint(&esm.checkpoint());
        if step == restart_at {
            in_flight.clear();
            let saved = serde_json::to_string(&esm.checkpoint()).unwrap();
            let checkpoint: Checkpoint = serde_json::from_str(&saved).unwrap();
            model.restart(&checkpoint);
            esm = model.esm(checkpoint);
        }
        let (chosen, millis, another) = turns.next().unwrap();
        match esm.next(clock.now()) {
            Step::Deliver(delivery) => {
                let batch = model.delivered(&delivery, clock.now());
                in_flight.push((delivery, batch));
                if *another {
                    continue;
                }
            }
            Step::Discard(discarded) => {
                model.expired(&discarded, clock.now());
                continue;
            }
            Step::Wait(until) if in_flight.is_empty() => {
                assert!(until > clock.now());
                clock.advance_to(until);
                continue;
            }
            Step::Wait(_) | Step::Busy => assert!(!in_flight.is_empty()),
            Step::Idle => {
                assert!(in_flight.is_empty());
                break;
            }
        }
        let (delivery, batch) = in_flight.swap_remove(chosen.index(in_flight.len()));
        clock.advance(Duration::from_millis(*millis));
        let reply = replies.next().unwrap_or(Reply::Success(0));
        let done = reply.done(&batch, source.report_batch_item_failures);
        let shard = delivery.shard.clone();
        let exhausted = esm.complete(delivery, &reply.answer(&batch), clock.now());
        model.completed(&shard, &batch, done, exhausted.as_ref());
    }
    assert_eq!(esm.unfinished(), 0);
    model.check_end();
}

proptest! {
    #[test]
    fn every_record_is_delivered_until_it_is_done_or_discarded_and_keys_keep_their_order(
        source in sources(),
        stream in streams(),
        replies in replies(),
        turns in prop::collection::vec((any::<Index>(), 0u64..9000, any::<bool>()), 1..20),
        restart_at in 0usize..200,
    ) {
        run(&source, &stream, replies, &turns, restart_at);
    }
}
