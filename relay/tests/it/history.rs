//! Whatever the faults, each subscription receives every change that was made after its creation, in order for every key, and no
//! gap is left untold: many short histories, each from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_relay::relay::{Options, Relay};
use tablefeed_relay::state::View;
use tablefeed_relay::stream::streams_client;
use tablefeed_relay::subscription::{Declaration, Origin};
use tokio::time::{Instant, sleep};

use crate::sim::{Made, Sim};
use crate::taker::Receiver;

const HISTORIES: u64 = 300;
const AT_ONCE: usize = 10;
const KEYS: usize = 4;

struct Scene {
    sim: Sim,
    receiver: Receiver,
    clients: Clients,
    streams: aws_sdk_dynamodbstreams::Client,
}

async fn scene() -> Scene {
    let sim = Sim::start().await;
    let config = config_for_endpoint(&sim.url);
    let receiver = Receiver::start(|number| number % 17 == 3).await;
    Scene { clients: Clients::new(&config, "tablefeed-test", None), streams: streams_client(&config, None), sim, receiver }
}

impl Scene {
    async fn relay(&self) -> Relay {
        let millis = Duration::from_millis;
        let options = Options {
            poll: millis(25),
            discovery: millis(30),
            allow_private: true,
            first_wait: millis(2),
            last_wait: millis(20),
            patience: Duration::from_secs(20),
        };
        let (dynamodb, sqs) = (self.clients.dynamodb.clone(), (*self.clients.sqs).clone());
        Relay::open(options, dynamodb, self.streams.clone(), sqs, None, |_, _| {}).await.unwrap()
    }

    async fn subscribe(&self, relay: &Relay, table: &str, path: &str, start: &str, records: usize) -> String {
        let url = format!("{}{path}", self.receiver.url);
        let declaration = json!({"table_name": table, "url": url, "start": start, "batch": {"max_records": records}});
        relay.add(Declaration::parse(&declaration).unwrap(), Origin::Http).await.unwrap()
    }
}

/// Lives one history; what is wrong with it, if anything is.
async fn live(scene: &Scene, seed: u64) -> Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    let table = format!("table{seed}");
    let roots = if seed % 100 == 7 { 130 } else { rng.usize(1..4) };
    scene.sim.create(&table, seed, KEYS, roots);
    for _ in 0..rng.usize(..6) {
        scene.sim.with(&table, |table| table.put(rng.usize(..KEYS)));
    }
    scene.sim.with(&table, |table| table.faults = if rng.bool() { 0.2 } else { 0.0 });
    let relay = scene.relay().await;
    let paths = [format!("/{seed}/all"), format!("/{seed}/new")];
    let all = scene.subscribe(&relay, &table, &paths[0], "trim_horizon", rng.usize(1..8)).await;
    let new = scene.subscribe(&relay, &table, &paths[1], "latest", rng.usize(1..8)).await;
    let before = scene.sim.with(&table, |table| table.made().last().map_or(0, |made| made.sequence));
    for _ in 0..rng.usize(4..16) {
        scene.sim.with(&table, |table| match rng.u32(..20) {
            0..=2 => table.split(),
            3 if rng.bool() => table.enable(rng.usize(1..3)),
            4 if rng.bool() => table.trim(),
            _ => (0..rng.usize(1..5)).for_each(|_| _ = table.put(rng.usize(..KEYS))),
        });
        sleep(Duration::from_millis(rng.u64(..8))).await;
    }
    let until = Instant::now() + Duration::from_secs(60);
    let subscriptions = [(&all, &paths[0], 0), (&new, &paths[1], before + 1)];
    let found = loop {
        let made = scene.sim.with(&table, |table| table.made());
        let judge = |(id, path, since): &(&String, &String, u64)| {
            missing(&made, *since, &scene.receiver.taken(path), &relay.view(id).unwrap()).map(|what| format!("seed {seed}, {path}: {what}"))
        };
        let found: Vec<String> = subscriptions.iter().filter_map(judge).collect();
        if found.is_empty() || Instant::now() > until {
            break found;
        }
        sleep(Duration::from_millis(20)).await;
    };
    relay.stop().await;
    let disorder = paths.iter().filter_map(|path| disorder(&scene.receiver.taken(path)).map(|what| format!("seed {seed}, {path}: {what}")));
    let problems: Vec<String> = found.into_iter().chain(disorder).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn sequence(record: &Value) -> u64 {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap()
}

/// A change that was not delivered, and that is in no gap. What was trimmed in a shard before the first change that was read there is none: nothing tells
/// it from what was trimmed before the subscription came.
fn missing(made: &[Made], since: u64, taken: &[Value], view: &View) -> Option<String> {
    let taken: BTreeSet<u64> = taken.iter().map(sequence).collect();
    let begun =
        |lost: &Made| made.iter().any(|made| made.shard == lost.shard && made.sequence < lost.sequence && taken.contains(&made.sequence));
    let bound = |text: &Option<String>, open| text.as_ref().map_or(open, |text| text.parse::<u64>().unwrap());
    let told = |made: &Made| {
        view.gaps
            .iter()
            .any(|gap| gap.shard == made.shard && bound(&gap.after, 0) < made.sequence && made.sequence < bound(&gap.before, u64::MAX))
    };
    let lost = made.iter().filter(|made| made.sequence >= since && !taken.contains(&made.sequence)).find(|made| {
        let excused = made.trimmed && (told(made) || !begun(made));
        !excused
    })?;
    Some(format!("{lost:?} is missing; {view:?}"))
}

/// A change that was first delivered after a later one of its key.
fn disorder(taken: &[Value]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut last = [0; KEYS];
    for record in taken {
        let key: usize = record["dynamodb"]["Keys"]["key"]["N"].as_str().unwrap().parse().unwrap();
        let sequence = sequence(record);
        if seen.insert(sequence) {
            if sequence < last[key] {
                return Some(format!("{sequence} of key {key} came after {}", last[key]));
            }
            last[key] = sequence;
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_faults_every_change_arrives_in_order_or_lies_in_a_gap_that_is_told() {
    let scene = scene().await;
    let lives = stream::iter(0..HISTORIES).map(|seed| live(&scene, seed)).buffer_unordered(AT_ONCE);
    let problems: Vec<String> = lives.filter_map(|lived| async move { lived.err() }).take(3).collect().await;
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
