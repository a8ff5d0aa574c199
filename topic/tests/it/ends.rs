//! `until_end`: what counts as the end.

use std::collections::BTreeMap;

use tablefeed_topic::{End, From, Stop};

use crate::cluster::Cluster;
use crate::world::{World, by_identity, documents, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_records_is_at_its_end() {
    let (cluster, world) = (Cluster::with(3), World::new(&by_identity()).await);
    let ended = world.feed(&cluster, &[], |_| {}).await;
    assert_eq!((ended.end, ended.committed), (End::Finished, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_begins_at_the_latest_record_is_at_its_end() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..5));
    let ended = world.feed(&cluster, &[], |options| options.from = From::Latest).await;
    assert_eq!((ended.end, world.items().await.len()), (End::Finished, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_where_the_topic_ended_at_the_start() {
    let (cluster, world) = (Cluster::with(1), World::new(&by_identity()).await);
    cluster.send(0, documents(0..5));
    let denied = world.deny(r#""4""#);
    let mut member = world.member(&cluster, &[], |options| options.until_end = true);
    member.until(|member| member.retries >= 2).await;
    cluster.send(0, documents(5..9));
    world.aws.faults().remove(denied);
    assert_eq!(member.ended().await.committed, [(0, 5)]);
    assert_eq!((world.numbers().await, cluster.committed()), ((0..5).collect(), BTreeMap::from([(0, 5)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_of_other_members_count_once_their_offsets_are_committed() {
    let (cluster, world) = (Cluster::with(2), World::new(&by_identity()).await);
    let mut other = world.member(&cluster, &[], |_| {});
    other.until(|member| member.partitions == 2).await;
    cluster.send(0, documents(0..5));
    cluster.send(1, documents(5..10));
    let until_end = world.member(&cluster, &[], |options| options.until_end = true);
    assert_eq!(until_end.ended().await.end, End::Finished);
    assert_eq!(world.numbers().await, (0..10).collect());
    eventually("committed", &BTreeMap::from([(0, 5), (1, 5)]), async || cluster.committed()).await;
    other.stop(Stop::Drain).await;
}
