//! Lanes, shards, the window, the payload limit and the checkpoint.

use super::*;

fn keyed(sequence: u64, key: u64) -> Record {
    Record { partition_key: key.to_string(), ..record(sequence) }
}

fn sized(sequence: u64, bytes: usize) -> Record {
    Record { data: vec![0; bytes], ..record(sequence) }
}

#[tokio::test]
async fn a_batch_ends_where_its_event_would_pass_six_megabytes() {
    let mut esm = stream(source(), (1..=6).map(|sequence| sized(sequence, 1024 * 1024)));
    let mut sizes = Vec::new();
    let handler = async |delivery: &Delivery| {
        sizes.push((delivery.records, delivery.event.len()));
        success()
    };
    esm.run(handler, &Clock::at(START)).await;
    // A mebibyte is 1.33 as base64.
    assert_eq!(sizes.iter().map(|size| size.0).collect::<Vec<_>>(), [4, 2]);
    assert!(sizes.iter().all(|size| size.1 <= MAX_PAYLOAD_BYTES));
}

#[tokio::test]
async fn a_record_too_large_for_any_event_is_delivered_alone() {
    let mut esm = stream(source(), [record(1), sized(2, MAX_PAYLOAD_BYTES), record(3)]);
    assert_eq!(history(&mut esm, |_| success()).await.deliveries, [[1], [2], [3]]);
}

#[tokio::test]
async fn a_batch_waits_for_its_window_unless_it_is_full() {
    let late = |sequence, after| Record { arrival: START + seconds(after), ..record(sequence) };
    let records = [late(1, 5), late(2, 8), late(3, 12), late(4, 30), late(5, 31), late(6, 32), late(7, 100)];
    let mut esm = stream(EventSource { batch_size: 3, window: seconds(6), ..source() }, records);
    let history = history(&mut esm, |_| success()).await;
    assert_eq!(history.deliveries, [vec![1, 2], vec![3], vec![4, 5, 6], vec![7]]);
    assert_eq!(history.times, [11, 18, 32, 106]);
}

#[test]
fn a_record_that_no_longer_fits_ends_the_window() {
    let records = [sized(1, 4_000_000), Record { arrival: START + seconds(2), ..sized(2, 4_000_000) }];
    let mut esm = stream(EventSource { window: seconds(300), ..source() }, records);
    assert!(matches!(esm.next(START), Step::Wait(until) if until == START + seconds(2)));
    assert_eq!(sequences(&deliver(&mut esm, START + seconds(2)).event), [1]);
}

#[test]
fn a_record_is_not_delivered_before_it_arrives() {
    let mut esm = stream(source(), [record(1)]);
    assert!(matches!(esm.next(ago(seconds(1))), Step::Wait(START)));
    assert_eq!(sequences(&deliver(&mut esm, START).event), [1]);
}

#[test]
fn one_lane_gives_one_batch_at_a_time() {
    let mut esm = stream(EventSource { batch_size: 1, ..source() }, (1..=2).map(record));
    let first = deliver(&mut esm, START);
    assert!(matches!(esm.next(START), Step::Busy));
    assert_eq!(esm.complete(first, &success(), START), None);
    let second = deliver(&mut esm, START);
    assert_eq!(esm.complete(second, &success(), START), None);
    assert!(matches!(esm.next(START), Step::Idle));
}

#[test]
fn lanes_work_at_once_and_a_key_stays_in_its_lane() {
    let source = EventSource { parallelization_factor: 10, batch_size: 1, ..source() };
    let mut esm = stream(source, (1..=100).map(|sequence| keyed(sequence, sequence % 50)));
    let mut in_flight = Vec::new();
    while let Step::Deliver(delivery) = esm.next(START) {
        in_flight.push(delivery);
    }
    assert_eq!(in_flight.len(), 10);
    assert!(matches!(esm.next(START), Step::Busy));
    let keys: Vec<u64> = in_flight.iter().map(|delivery| sequences(&delivery.event)[0]).collect();
    assert!(keys.iter().all(|&first| first <= 50), "{keys:?}: the second record of a key is behind its first");
}

#[tokio::test]
async fn a_lane_or_shard_that_fails_does_not_hold_up_the_others() {
    let source = EventSource { parallelization_factor: 2, batch_size: 1, ..source() };
    let mut esm = stream(source, (1..=20).map(|sequence| keyed(sequence, sequence)));
    for sequence in 101..=105 {
        esm.push("shardId-000000000001", &record(sequence)).unwrap();
    }
    let mut failures = 3;
    let history = history(&mut esm, |batch| {
        let fails = batch == [1] && failures > 0;
        failures -= i32::from(fails);
        if fails { function_error() } else { success() }
    })
    .await;
    let late = history.deliveries.iter().zip(&history.times).filter(|&(_, &time)| time > 0).map(|(batch, _)| batch[0]);
    let late: Vec<u64> = late.skip_while(|&first| first == 1).collect();
    assert!(late.len() < 19 && late.iter().all(|&first| first < 100), "{late:?}");
    assert_eq!(history.summary.invocations, 28);
}

#[test]
fn the_checkpoint_names_the_first_record_that_is_not_done_and_a_run_goes_on_from_it() {
    let records = || (8..=12).map(record);
    let source = EventSource { batch_size: 2, ..source() };
    let mut esm = stream(source.clone(), records());
    let place = |esm: &Esm| esm.checkpoint().0.get(SHARD).cloned();
    assert_eq!(Esm::new(source.clone()).unwrap().checkpoint(), Checkpoint::default());
    assert_eq!(place(&esm), Some(Position::At(number(8))));
    let first = deliver(&mut esm, START);
    assert_eq!(place(&esm), Some(Position::At(number(8))));
    esm.complete(first, &partial(9), START);
    assert_eq!(place(&esm), Some(Position::At(number(9))));

    let saved = serde_json::to_string(&esm.checkpoint()).unwrap();
    let mut resumed = Esm::resume(source.clone(), serde_json::from_str(&saved).unwrap()).unwrap();
    assert_eq!(resumed.checkpoint(), esm.checkpoint());
    for record in records() {
        resumed.push(SHARD, &record).unwrap();
    }
    for expected in [vec![9, 10], vec![11, 12]] {
        let delivery = deliver(&mut resumed, START);
        assert_eq!(sequences(&delivery.event), expected);
        resumed.complete(delivery, &success(), START);
    }
    assert_eq!(place(&resumed), Some(Position::After(number(12))));

    let again = stream_after(source, resumed.checkpoint(), records().chain([record(100)]));
    assert_eq!((again.unfinished(), place(&again)), (1, Some(Position::At(number(100)))));
}

fn stream_after(source: EventSource, checkpoint: Checkpoint, records: impl IntoIterator<Item = Record>) -> Esm {
    let mut esm = Esm::resume(source, checkpoint).unwrap();
    for record in records {
        esm.push(SHARD, &record).unwrap();
    }
    esm
}

#[test]
fn a_source_outside_lambdas_limits_is_refused() {
    assert_eq!(Esm::new(EventSource { batch_size: 0, ..source() }).err(), Some(InvalidSource::BatchSize(0)));
}
