//! One fault at a time: what is trimmed unread, a panic, a restart, a URL that holds up.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::settings::LogLevel;
use tablefeed_relay::relay::{Options, Relay};
use tablefeed_relay::state::Gap;
use tablefeed_relay::stream::streams_client;
use tablefeed_relay::subscription::{Declaration, Origin};
use tokio::time::{Instant, sleep};

use crate::sim::Sim;
use crate::taker::{Act, Receiver};

const TABLE: &str = "things";
const PATIENCE: Duration = Duration::from_secs(60);

fn silent(_: LogLevel, _: &str) {}

/// A table with one key and one shard.
async fn sim() -> Sim {
    let sim = Sim::start().await;
    sim.create(TABLE, 1, 1, 1);
    sim
}

async fn relay(sim: &Sim, state: Option<&Path>, log: fn(LogLevel, &str)) -> Relay {
    let config = config_for_endpoint(&sim.url);
    let clients = Clients::new(&config, "tablefeed-test", None);
    let (poll, discovery) = (Duration::from_millis(20), Duration::from_millis(50));
    let options = Options { poll, discovery, allow_private: true, kept_bytes: 0, ..Options::default() };
    Relay::open(options, clients.dynamodb, streams_client(&config, None), (*clients.sqs).clone(), state, log).await.unwrap()
}

async fn subscribe(relay: &Relay, receiver: &Receiver, path: &str, start: &str) -> String {
    let declaration = json!({"table_name": TABLE, "url": format!("{}{path}", receiver.url), "start": start, "batch": {"max_records": 2}});
    relay.add(Declaration::parse(&declaration).unwrap(), Origin::Http).await.unwrap()
}

/// Makes so many changes; their numbers.
fn put(sim: &Sim, count: usize) -> Vec<u64> {
    (0..count).map(|_| sim.with(TABLE, |table| table.put(0))).collect()
}

/// Waits until a path has taken these, at least once each.
async fn taken(receiver: &Receiver, path: &str, wanted: &[u64]) {
    let until = Instant::now() + PATIENCE;
    let has = || {
        let taken = receiver.taken(path);
        let is = |number: &u64| taken.iter().any(|record| record["dynamodb"]["SequenceNumber"] == json!(number.to_string()));
        wanted.iter().all(is)
    };
    while !has() {
        assert!(Instant::now() < until, "{wanted:?} wanted, {:?} taken", receiver.taken(path));
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until what a subscription's URL took is acknowledged.
async fn acknowledged(relay: &Relay, id: &str, count: u64) {
    let until = Instant::now() + PATIENCE;
    while relay.view(id).unwrap().counts.delivered < count {
        assert!(Instant::now() < until, "{:?}", relay.view(id));
        sleep(Duration::from_millis(5)).await;
    }
}

fn bounds(gaps: &[Gap]) -> Vec<(Option<u64>, Option<u64>)> {
    let number = |text: &Option<String>| text.as_ref().map(|text| text.parse().unwrap());
    gaps.iter().map(|gap| (number(&gap.after), number(&gap.before))).collect()
}

#[tokio::test]
async fn what_is_trimmed_before_the_first_reading_of_a_shard_is_told_and_still_known_after_a_restart() {
    let (sim, receiver, state) = (sim().await, Receiver::start(|_, _| Act::Take).await, tempfile::tempdir().unwrap());
    let path = state.path().join("relay.db");
    put(&sim, 2);
    sim.with(TABLE, |table| table.trim_all());
    let before = relay(&sim, Some(&path), silent).await;
    let id = subscribe(&before, &receiver, "/a", "trim_horizon").await;
    let first = put(&sim, 1);
    taken(&receiver, "/a", &first).await;
    acknowledged(&before, &id, 1).await;
    assert_eq!(bounds(&before.view(&id).unwrap().gaps), [], "what was trimmed before it was made is no gap");
    before.pause(&id).await.unwrap();
    sim.with(TABLE, |table| table.split());
    put(&sim, 2);
    sim.with(TABLE, |table| table.trim_all());
    let last = put(&sim, 1);
    before.resume(&id).await.unwrap();
    taken(&receiver, "/a", &last).await;
    assert_eq!(bounds(&before.view(&id).unwrap().gaps), [(None, Some(last[0]))]);
    let told = before.view(&id).unwrap().gaps;
    before.stop().await;
    let after = relay(&sim, Some(&path), silent).await;
    assert_eq!(after.view(&id).unwrap().gaps, told);
    after.stop().await;
}

/// Whether the next message about a gap panics.
static PANICS: AtomicBool = AtomicBool::new(true);

fn panicking(_: LogLevel, message: &str) {
    assert!(!(message.contains("were trimmed") && PANICS.swap(false, Ordering::SeqCst)), "the log is full");
}

#[tokio::test]
async fn a_panic_ends_no_shard() {
    let (sim, receiver) = (sim().await, Receiver::start(|_, _| Act::Take).await);
    let relay = relay(&sim, None, panicking).await;
    let id = subscribe(&relay, &receiver, "/a", "latest").await;
    let first = put(&sim, 1);
    acknowledged(&relay, &id, 1).await;
    relay.pause(&id).await.unwrap();
    put(&sim, 2);
    sim.with(TABLE, |table| table.trim_all());
    let last = put(&sim, 1);
    relay.resume(&id).await.unwrap();
    taken(&receiver, "/a", &last).await;
    assert!(!PANICS.load(Ordering::SeqCst));
    assert_eq!(bounds(&relay.view(&id).unwrap().gaps), [(Some(first[0]), Some(last[0]))]);
    relay.stop().await;
}

#[tokio::test]
async fn what_a_url_refused_is_sent_again_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("relay.db");
    let (sim, receiver) = (sim().await, Receiver::start(|_, number| if number <= 2 { Act::Refuse } else { Act::Take }).await);
    let before = relay(&sim, Some(&path), silent).await;
    let id = subscribe(&before, &receiver, "/a", "latest").await;
    let made = put(&sim, 2);
    let until = Instant::now() + PATIENCE;
    while before.view(&id).unwrap().attempts == 0 {
        assert!(Instant::now() < until, "nothing is refused");
        sleep(Duration::from_millis(5)).await;
    }
    before.stop().await;
    let after = relay(&sim, Some(&path), silent).await;
    taken(&receiver, "/a", &made).await;
    after.stop().await;
}

#[tokio::test]
async fn what_a_child_got_before_it_was_discovered_arrives() {
    let (sim, receiver) = (sim().await, Receiver::start(|_, _| Act::Take).await);
    let relay = relay(&sim, None, silent).await;
    let id = subscribe(&relay, &receiver, "/a", "latest").await;
    relay.pause(&id).await.unwrap();
    sim.with(TABLE, |table| table.split());
    let made = put(&sim, 3);
    relay.resume(&id).await.unwrap();
    taken(&receiver, "/a", &made).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_slow_url_gets_all_that_a_faster_one_got_long_before() {
    let slow = |path: &str, number| if path == "/slow" && number <= 3 { Act::Refuse } else { Act::Take };
    let (sim, receiver) = (sim().await, Receiver::start(slow).await);
    let relay = relay(&sim, None, silent).await;
    subscribe(&relay, &receiver, "/slow", "latest").await;
    subscribe(&relay, &receiver, "/fast", "latest").await;
    let made = put(&sim, 40);
    taken(&receiver, "/fast", &made).await;
    taken(&receiver, "/slow", &made).await;
    let order: Vec<_> = receiver.taken("/slow").iter().map(|record| record["dynamodb"]["SequenceNumber"].as_str().unwrap().len()).collect();
    assert!(order.is_sorted(), "{order:?}");
    relay.stop().await;
}
