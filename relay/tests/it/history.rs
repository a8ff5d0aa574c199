//! Whatever the faults, each subscription receives every change that it is owed, in order for every key, or is told of a gap: many
//! short histories, each from a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_relay::relay::{Options, Relay};
use tablefeed_relay::state::{Gap, Status, View};
use tablefeed_relay::stream::streams_client;
use tablefeed_relay::subscription::{Declaration, Origin};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::sim::{Made, STALE, Sim};
use crate::taker::{Act, Given, Receiver};

const HISTORIES: u64 = 2000;
/// Each with a runtime and servers of its own.
const THREADS: u64 = 2;
/// Of each thread. They wait most of the time.
const AT_ONCE: usize = 10;
const KEYS: usize = 4;
/// After the last change, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(240);

struct Scene {
    sim: Sim,
    receiver: Receiver,
    clients: Clients,
    streams: aws_sdk_dynamodbstreams::Client,
}

/// One history.
struct History<'a> {
    scene: &'a Scene,
    seed: u64,
    table: String,
    rng: Rng,
    relay: Relay,
    /// Where its state is, if it is to survive.
    state: Option<TempDir>,
    subscriptions: Vec<Subscription>,
    trimmed: bool,
}

struct Subscription {
    id: String,
    path: String,
    /// What was there, and is not owed.
    not_owed: BTreeSet<u64>,
}

/// Whether the stream begins with more shards than a page holds.
fn many(seed: u64) -> bool {
    seed % 200 == 7
}

async fn scene() -> Scene {
    let sim = Sim::start().await;
    let config = config_for_endpoint(&sim.url);
    let receiver = Receiver::start(act).await;
    Scene { clients: Clients::new(&config, "tablefeed-test", None), streams: streams_client(&config, None), sim, receiver }
}

/// Most destinations refuse a POST now and then; some are worse.
fn act(path: &str, number: u64) -> Act {
    let name = path.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let (mut whole, mut this) = (Rng::with_seed(name), Rng::with_seed(name.wrapping_add(number)));
    match (whole.u32(..12), whole.u64(1..6)) {
        (0, at) if number == at => Act::Hang { taken: whole.bool() },
        (1, _) => Act::Slow(Duration::from_millis(this.u64(10..100))),
        (2, at) if number >= at => Act::Gone,
        _ if this.u32(..20) == 0 => Act::Refuse,
        _ => Act::Take,
    }
}

impl Scene {
    async fn relay(&self, seed: u64, state: Option<&TempDir>) -> Relay {
        let millis = Duration::from_millis;
        let options = Options {
            poll: millis(if many(seed) { 5000 } else { 120 }),
            discovery: millis(200),
            allow_private: true,
            first_wait: millis(2),
            last_wait: millis(1000),
            patience: PATIENCE,
            settle: STALE * 2,
            kept_bytes: if seed.is_multiple_of(3) { 1000 } else { 1 << 20 },
        };
        let (dynamodb, sqs) = (self.clients.dynamodb.clone(), (*self.clients.sqs).clone());
        let path = state.map(|state| state.path().join("relay.db"));
        Relay::open(options, dynamodb, self.streams.clone(), sqs, path.as_deref(), |_, _| {}).await.unwrap()
    }
}

impl History<'_> {
    async fn new(scene: &Scene, seed: u64) -> History<'_> {
        let mut rng = Rng::with_seed(seed);
        let table = format!("table{seed}");
        let roots = if many(seed) { 130 } else { rng.usize(1..4) };
        scene.sim.create(&table, seed, KEYS, roots);
        let state = (rng.u32(..6) == 0).then(|| tempfile::tempdir().unwrap());
        let relay = scene.relay(seed, state.as_ref()).await;
        History { scene, seed, table, rng, relay, state, subscriptions: vec![], trimmed: false }
    }

    async fn subscribe(&mut self, start: &str) {
        let (made, arn) = self.scene.sim.with(&self.table, |table| (table.made(), table.arn()));
        let not_owed = made.iter().filter(|made| start == "latest" || made.trimmed || made.stream != arn).map(|made| made.sequence);
        let not_owed = not_owed.collect();
        let path = format!("/{}/{start}", self.seed);
        let url = format!("{}{path}", self.scene.receiver.url);
        let records = self.rng.usize(1..8);
        let batch = json!({"max_records": records, "max_wait_ms": if self.rng.u32(..4) == 0 { 30 } else { 0 }});
        let declaration = json!({"table_name": self.table, "url": url, "start": start, "batch": batch, "timeout_ms": 3000});
        let id = self.relay.add(Declaration::parse(&declaration).unwrap(), Origin::Http).await.unwrap();
        self.subscriptions.push(Subscription { id, path, not_owed });
    }

    /// Something happens to the table, or to the relay.
    async fn act(&mut self) {
        let (table, rng) = (&self.table, &mut self.rng);
        match rng.u32(..24) {
            0..=3 => self.scene.sim.with(table, |table| table.split()),
            4 if rng.bool() => self.scene.sim.with(table, |table| table.enable(rng.usize(1..3))),
            5 | 6 if rng.bool() => {
                self.trimmed = true;
                self.scene.sim.with(table, |table| table.trim());
            }
            7 if self.state.is_some() => self.restart().await,
            8 if rng.bool() => self.pause().await,
            _ => (0..rng.usize(1..5)).for_each(|_| _ = self.scene.sim.with(table, |table| table.put(rng.usize(..KEYS)))),
        }
    }

    async fn restart(&mut self) {
        self.relay.clone().stop().await;
        self.relay = self.scene.relay(self.seed, self.state.as_ref()).await;
    }

    /// A pause, during which there are changes. One that the URL ended cannot be paused.
    async fn pause(&mut self) {
        for subscription in &self.subscriptions {
            if self.relay.pause(&subscription.id).await.is_ok() {
                self.scene.sim.with(&self.table, |table| table.put(self.rng.usize(..KEYS)));
                self.relay.resume(&subscription.id).await.unwrap();
            }
        }
    }

    /// What is wrong with it now, if anything is.
    fn problems(&self) -> Vec<String> {
        let (made, parents) = self.scene.sim.with(&self.table, |table| (table.made(), table.parents()));
        let judge = |subscription: &Subscription| {
            let (given, view) = (self.scene.receiver.given(&subscription.path), self.relay.view(&subscription.id).unwrap());
            let owed = made.iter().filter(|made| !subscription.not_owed.contains(&made.sequence));
            let problem = if given.gone {
                (view.status != Status::Closed).then(|| "it is not closed".to_owned())
            } else {
                missing(owed, &parents, &given, &view)
            };
            problem.or_else(|| self.false_gap(&view)).map(|what| format!("seed {}, {}: {what}; {view:?}", self.seed, subscription.path))
        };
        self.subscriptions.iter().filter_map(judge).collect()
    }

    fn false_gap(&self, view: &View) -> Option<String> {
        (!self.trimmed).then(|| view.gaps.first()).flatten().map(|gap| format!("nothing was trimmed, and this is told: {gap:?}"))
    }
}

/// Lives one history; what is wrong with it, if anything is.
async fn live(scene: &Scene, seed: u64) -> Result<(), String> {
    let mut history = History::new(scene, seed).await;
    for _ in 0..history.rng.usize(..4) {
        history.act().await;
    }
    scene.sim.with(&history.table, |table| table.faults = if history.rng.bool() { 0.2 } else { 0.0 });
    history.subscribe("trim_horizon").await;
    history.subscribe("latest").await;
    for _ in 0..history.rng.usize(4..16) {
        history.act().await;
        sleep(Duration::from_millis(history.rng.u64(..50))).await;
    }
    let until = Instant::now() + PATIENCE;
    let mut problems = history.problems();
    while !problems.is_empty() && Instant::now() < until {
        sleep(Duration::from_millis(70)).await;
        problems = history.problems();
    }
    history.relay.stop().await;
    for Subscription { path, not_owed, .. } in &history.subscriptions {
        problems.extend(disorder(&scene.receiver.taken(path), not_owed).map(|what| format!("seed {seed}, {path}: {what}")));
    }
    scene.sim.drop(&history.table);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn sequence(record: &Value) -> u64 {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap()
}

/// A change that was not delivered, and that is in no gap.
fn missing<'a>(mut owed: impl Iterator<Item = &'a Made>, parents: &BTreeMap<String, String>, given: &Given, view: &View) -> Option<String> {
    let taken: BTreeSet<u64> = given.taken.iter().map(|record| sequence(record)).collect();
    let told = |made: &Made| made.trimmed && view.gaps.iter().any(|gap| lies_in(made, gap, parents));
    let lost = owed.find(|made| !taken.contains(&made.sequence) && !told(made))?;
    Some(format!("{lost:?} is missing"))
}

fn lies_in(made: &Made, gap: &Gap, parents: &BTreeMap<String, String>) -> bool {
    let bound = |text: &Option<String>, open| text.as_ref().map_or(open, |text| text.parse::<u64>().unwrap());
    if gap.shard.is_empty() {
        return gap.stream <= made.stream && gap.before.as_ref().is_none_or(|before| made.stream < *before);
    }
    let within = bound(&gap.after, 0) < made.sequence && made.sequence < bound(&gap.before, u64::MAX);
    let whole = gap.after.is_none() && gap.before.is_none();
    let ancestor = || std::iter::successors(parents.get(&gap.shard), |shard| parents.get(*shard)).any(|shard| *shard == made.shard);
    (gap.shard == made.shard && within) || (whole && ancestor())
}

/// A change that is owed and was first delivered after a later one of its key. Where a subscription that begins now is stopped before its first
/// checkpoint, what came just before it may be delivered at the next start, then in order.
fn disorder(taken: &[Arc<Value>], not_owed: &BTreeSet<u64>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut last = [0; KEYS];
    for record in taken {
        let key: usize = record["dynamodb"]["Keys"]["key"]["N"].as_str().unwrap().parse().unwrap();
        let sequence = sequence(record);
        if !not_owed.contains(&sequence) && seen.insert(sequence) {
            if sequence < last[key] {
                return Some(format!("{sequence} of key {key} came after {}", last[key]));
            }
            last[key] = sequence;
        }
    }
    None
}

/// The problems of some of the histories; those of three are enough.
fn problems(seeds: impl Iterator<Item = u64>) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scene = scene().await;
        let lives = stream::iter(seeds).map(|seed| live(&scene, seed)).buffer_unordered(AT_ONCE);
        lives.filter_map(|lived| async move { lived.err() }).take(3).collect().await
    })
}

#[test]
fn whatever_the_faults_every_change_arrives_in_order_or_lies_in_a_gap_that_is_told() {
    let threads = |thread| std::thread::spawn(move || problems((thread..HISTORIES).step_by(usize::try_from(THREADS).unwrap())));
    let threads: Vec<_> = (0..THREADS).map(threads).collect();
    let problems: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
