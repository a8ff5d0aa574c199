//! Failure table: too little time left.

use std::time::Duration;

use tablefeed::write::outcome::Outcome;
use tablefeed_local::{Fault, Rule};
use tokio::time::Instant;

use crate::event::{Event, curated, sequence};
use crate::world::World;

#[tokio::test]
async fn writing_stops_in_order_at_the_margin() {
    let world = World::new().await;
    world.fault(Rule::new(Fault::Delay(Duration::from_millis(300))).operation("BatchWriteItem"));
    let begin = Instant::now();
    let time = Duration::from_secs(4);
    let seen = world.invoke_within(&[("WRITE_CONCURRENCY", "1")], &Event::of((0..500).map(curated)), time).await;
    assert!(begin.elapsed() < time, "{:?}", begin.elapsed());
    let persisted = usize::try_from(seen.count(Outcome::Persisted)).unwrap();
    assert!(persisted > 0 && persisted < 500 && persisted % 25 == 0, "{persisted}");
    assert_eq!(seen.checkpoint(), Some(sequence(persisted)), "nothing was written past the checkpoint's request");
    assert!(world.items().await.len() >= persisted);
}

#[tokio::test]
async fn at_least_one_request_is_always_tried() {
    let world = World::new().await;
    let changes = [("WRITE_CONCURRENCY", "1"), ("BATCH_ID_MAX_AGE_SECONDS", "3600")];
    let seen = world.invoke_within(&changes, &Event::of((0..60).map(curated)), Duration::ZERO).await;
    assert_eq!((seen.count(Outcome::Persisted), seen.checkpoint()), (25, Some(sequence(25))));
}

#[tokio::test]
async fn a_table_that_never_answers_is_given_up_before_the_deadline() {
    let world = World::new().await;
    world.fault_of("BatchWriteItem", Fault::Hang);
    let begin = Instant::now();
    let seen = world.invoke_within(&[], &Event::of((0..3).map(curated)), Duration::from_secs(3)).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("retry", 3)], Some(sequence(0))));
}

#[tokio::test]
async fn letters_have_time_of_their_own_after_the_margin() {
    let world = World::new().await;
    world.fault_of("BatchWriteItem", Fault::Hang);
    let event = Event::of(["poison".to_owned(), curated(1)]);
    let seen = world.invoke_within(&[], &event, Duration::from_secs(3)).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 1), ("retry", 1)], Some(sequence(1))));
}
