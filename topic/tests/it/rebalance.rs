//! Members come and go while records flow.

use std::collections::BTreeMap;

use tablefeed_topic::Stop;
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::world::{Member, PATIENCE, World, by_identity, documents, eventually};

const PARTITIONS: i32 = 4;

/// Sends ten records to each partition, with numbers that go on.
fn send(cluster: &Cluster, sent: &mut u32) {
    for partition in 0..PARTITIONS {
        cluster.send(partition, documents(*sent..*sent + 10));
        *sent += 10;
    }
}

/// Sends while the member gets or gives up partitions, until it has this many; no more than the members keep up with.
async fn send_until(cluster: &Cluster, sent: &mut u32, member: &mut Member, partitions: usize) {
    let most = *sent + 800;
    while member.partitions != partitions {
        if *sent < most {
            send(cluster, sent);
        }
        timeout(PATIENCE, member.listen()).await.unwrap();
    }
}

async fn everything_is_there_once(world: &World, cluster: &Cluster, sent: u32) {
    let ends: BTreeMap<i32, i64> = (0..PARTITIONS).map(|partition| (partition, i64::from(sent) / i64::from(PARTITIONS))).collect();
    eventually("committed", &ends, async || cluster.committed()).await;
    assert_eq!(world.numbers().await, (0..sent).collect());
}

async fn members_join_and_leave_under(strategy: &str) {
    let (cluster, world) = (Cluster::with(PARTITIONS), World::new(&by_identity()).await);
    let member =
        || world.member(&cluster, &[], |options| options.set.push(("partition.assignment.strategy".to_owned(), strategy.to_owned())));
    let mut sent = 0;
    let mut first = member();
    send_until(&cluster, &mut sent, &mut first, 4).await;
    let mut second = member();
    send_until(&cluster, &mut sent, &mut first, 2).await;
    send_until(&cluster, &mut sent, &mut second, 2).await;
    send(&cluster, &mut sent);
    everything_is_there_once(&world, &cluster, sent).await;

    send(&cluster, &mut sent);
    assert!(!first.stop(Stop::Drain).await.unfinished);
    send_until(&cluster, &mut sent, &mut second, 4).await;
    everything_is_there_once(&world, &cluster, sent).await;
    second.stop(Stop::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_member_joins_and_one_leaves_every_document_is_there_once() {
    members_join_and_leave_under("cooperative-sticky").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_an_eager_strategy_every_document_is_there_once_too() {
    members_join_and_leave_under("range").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_held_up_and_paused_is_given_to_a_member_that_joins_from_its_first_unfinished_record_on() {
    let (cluster, world) = (Cluster::with(2), World::new(&by_identity()).await);
    cluster.send(0, documents(0..60));
    cluster.send(1, documents(60..120));
    world.deny(r#""5""#);
    world.deny(r#""65""#);
    let mut first = world.member(&cluster, &[], |_| {});
    first.until(|member| member.retries >= 6).await;
    let mut second = world.member(&cluster, &[], |_| {});
    second.until(|member| member.partitions == 1).await;
    first.until(|member| member.partitions == 1).await;
    assert_eq!(cluster.committed(), BTreeMap::from([(0, 5), (1, 5)]));
    second.until(|member| member.retries >= 3).await;

    // The partition comes back, held up and paused as it was.
    assert!(second.stop(Stop::Drain).await.unfinished);
    first.until(|member| member.partitions == 2).await;
    world.aws.faults().clear();
    eventually("in the end", &BTreeMap::from([(0, 60), (1, 60)]), async || cluster.committed()).await;
    assert_eq!(world.numbers().await, (0..120).collect());
    first.stop(Stop::Drain).await;
}
