//! What is committed, and what comes again, when table or member fail.

use std::collections::BTreeMap;
use std::time::Duration;

use tablefeed::persist::FunctionError;
use tablefeed_local::{Fault, Rule};
use tablefeed_topic::{End, Stop, TopicError};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::world::{World, by_identity, documents, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_past_the_first_record_that_is_not_done_and_then_everything_is() {
    let (cluster, world) = (Cluster::with(2), World::new(&by_identity()).await);
    cluster.send(0, documents(100..110));
    cluster.send(1, documents(0..10));
    let denied = world.deny(r#""106""#);
    let mut member = world.member(&cluster, &[], |_| {});
    eventually("held up", &BTreeMap::from([(0, 6), (1, 10)]), async || cluster.committed()).await;
    member.until(|member| member.retries >= 4).await;
    assert_eq!(cluster.committed(), BTreeMap::from([(0, 6), (1, 10)]));
    world.aws.faults().remove(denied);
    eventually("in the end", &BTreeMap::from([(0, 10), (1, 10)]), async || cluster.committed()).await;
    assert_eq!(world.numbers().await, (0..10).chain(100..110).collect());
    assert!(!member.stop(Stop::Drain).await.unfinished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_stopped_with_an_unfinished_event_says_so_and_leaves_it_to_the_next() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..10));
    let denied = world.deny(r#""5""#);
    let mut member = world.member(&cluster, &[], |_| {});
    member.until(|member| member.retries >= 3).await;
    let ended = member.stop(Stop::Drain).await;
    assert_eq!((ended.end, ended.unfinished, ended.committed), (End::Stopped, true, vec![(0, 5)]));
    world.aws.faults().remove(denied);
    assert_eq!(world.feed(&cluster, &[], |_| {}).await.committed, [(0, 10)]);
    assert_eq!(world.numbers().await, (0..10).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_waits_for_nothing_commits_nothing_of_what_was_in_flight() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..10));
    let hang = world.aws.faults().add(Rule::new(Fault::Hang).operation("BatchWriteItem").skip(1));
    let member = world.member(&cluster, &[], |_| {});
    eventually("the second event hangs", &true, async || world.aws.faults().fired(hang) > 0).await;
    let ended = member.stop(Stop::Now).await;
    assert_eq!((ended.unfinished, ended.committed), (true, vec![(0, 4)]));
    world.aws.faults().remove(hang);
    world.feed(&cluster, &[], |_| {}).await;
    assert_eq!((world.numbers().await, cluster.committed()), ((0..10).collect(), BTreeMap::from([(0, 10)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_has_committed_everything_ends_though_the_cluster_is_gone() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..10));
    let member = world.member(&cluster, &[], |_| {});
    eventually("all is committed", &BTreeMap::from([(0, 10)]), async || cluster.committed()).await;
    cluster.leave();
    let ended = member.stop(Stop::Drain).await;
    assert_eq!((ended.end, ended.unfinished, ended.committed), (End::Stopped, false, vec![(0, 10)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_for_one_invocation_is_done_in_parts() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..10));
    let ended = world.feed(&cluster, &[("MAX_EVENT_BYTES", "1")], |_| {}).await;
    assert_eq!((ended.committed, world.numbers().await), (vec![(0, 10)], (0..10).collect()));
}

/// How long the group waits for a member that does not poll.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_is_held_up_pauses_its_partition_and_the_group_keeps_its_member() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..200));
    let denied = world.deny(r#""3""#);
    let mut member = world.member(&cluster, &[], |options| {
        options.set.push(("max.poll.interval.ms".to_owned(), LONGEST_SILENCE.as_millis().to_string()));
    });
    member.until(|member| member.partitions == 1).await;
    let begun = Instant::now();
    member.until(|_| begun.elapsed() > LONGEST_SILENCE + Duration::from_secs(1)).await;
    assert_eq!((cluster.committed(), member.troubles.as_slice()), (BTreeMap::from([(0, 3)]), &[][..]));
    assert_eq!(member.partitions, 1);
    world.aws.faults().remove(denied);
    eventually("in the end", &BTreeMap::from([(0, 200)]), async || cluster.committed()).await;
    assert_eq!(world.numbers().await, (0..200).collect());
    member.stop(Stop::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_by_offset_alone_is_refused_before_anything_is_consumed() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    let error = world.member(&cluster, &[("WRITE_MODE", "newest")], |_| {}).result().await.unwrap_err();
    assert!(matches!(error, TopicError::Function(FunctionError::NoOrder)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_is_named() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    let nowhere = |options: &mut tablefeed_topic::Options| options.servers = "127.0.0.1:1".to_owned();
    let error = world.member(&cluster, &[], nowhere).result().await.unwrap_err();
    assert!(!error.is_input() && error.to_string().starts_with("no answer from Kafka at 127.0.0.1:1"), "{error}");
    let other = |options: &mut tablefeed_topic::Options| options.window = Duration::ZERO;
    assert_eq!(world.feed(&cluster, &[], other).await.end, End::Finished);
}
