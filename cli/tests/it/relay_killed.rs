//! `relay` under `kill -9` again and again, while tables change and its URLs refuse, hang, cut and dawdle: each URL gets every change, in order for
//! every item, and of what it had acknowledged hardly anything again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded};
use tokio::runtime::Runtime;

use crate::laptop::Laptop;
use crate::relay::{Running, ask};
use crate::run_killed::Chance;
use crate::webhook::{Does, Webhook};

const KILLS: usize = 60;
const SEED: u64 = 20_261_126;
const PATIENCE: Duration = Duration::from_secs(90);
/// The most records of a batch.
const BATCH: usize = 20;
const WRITERS: u64 = 2;
/// Each writer's own.
const KEYS: u64 = 5;
const TABLE: &str = "things";

/// The URLs, and what makes them be good at last.
struct Hooks {
    refusing: Webhook,
    hanging: Webhook,
    slow: Webhook,
    /// Subscribed over HTTP, the others by the file.
    other: Webhook,
    calm: Arc<AtomicBool>,
}

impl Hooks {
    fn start() -> Hooks {
        let calm = Arc::new(AtomicBool::new(false));
        let hook = |does: fn(u64) -> Does| {
            let calm = Arc::clone(&calm);
            Webhook::start(move |number| if calm.load(Ordering::Relaxed) { Does::Take } else { does(number) })
        };
        Hooks {
            refusing: hook(|number| match number % 6 {
                0 => Does::Refuse(500),
                2 => Does::Refuse(429),
                4 => Does::Cut,
                _ => Does::Take,
            }),
            hanging: hook(|number| if number % 7 == 5 { Does::Hang } else { Does::Take }),
            slow: hook(|number| Does::TakeAfter(Duration::from_millis(20 + number * 37 % 110))),
            other: hook(|number| if number % 9 == 4 { Does::Refuse(503) } else { Does::Take }),
            calm,
        }
    }

    fn all(&self) -> [(&str, &Webhook); 4] {
        [("refusing", &self.refusing), ("hanging", &self.hanging), ("slow", &self.slow), ("other", &self.other)]
    }

    /// The file of subscriptions of one process, which each request names.
    fn file(&self, life: usize) -> String {
        let mut text = "entries:\n".to_owned();
        for (hook, timeout) in [(&self.refusing, 15_000), (&self.hanging, 1500), (&self.slow, 15_000)] {
            let (url, batch) = (&hook.url, format!("{{max_records: {BATCH}}}"));
            let more = format!("start: trim_horizon, batch: {batch}, timeout_ms: {timeout}, headers: {{x-life: \"{life}\"}}");
            writeln!(text, "  - {{table_name: {TABLE}, url: \"{url}\", {more}}}").unwrap();
        }
        text
    }

    /// So many records are acknowledged.
    fn taken(&self) -> usize {
        self.all().iter().map(|(_, hook)| hook.journal().taken.len()).sum()
    }

    /// Whether a process was not answered, and tried again.
    fn hung(&self, life: usize) -> bool {
        let journal = self.hanging.journal();
        let mut posts = journal.posts.iter().filter(|post| post.life == Some(life));
        posts.any(|post| post.does == Does::Hang) && posts.next().is_some()
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain waited for {what}, seed {SEED}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Puts items, key after key, until it is over: for each key, the numbers that were put, in order.
async fn write(clients: Clients, writer: u64, last: Arc<AtomicU64>, over: Arc<AtomicBool>) -> BTreeMap<String, Vec<u64>> {
    let mut written: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let (key, n) = (format!("{writer}-{}", turn % KEYS), last.fetch_add(1, Ordering::Relaxed));
        let put = clients.dynamodb.put_item().table_name(TABLE).item("id", AttributeValue::S(key.clone()));
        put.item("n", AttributeValue::N(n.to_string())).send().await.unwrap();
        written.entry(key).or_default().push(n);
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    written
}

/// Starts it and kills it, at moments of chance: before it is up, in the middle of its work, after it was not answered.
fn kill(hooks: &Hooks, mut start: impl FnMut(usize) -> Running) {
    let mut chance = Chance(SEED);
    for life in 1..=KILLS {
        let before = hooks.taken();
        let running = start(life);
        if life % 12 == 0 {
            until("a hung request to be tried again", || hooks.hung(life));
        } else if chance.below(4) > 0 {
            until("something to arrive", || hooks.taken() > before);
            thread::sleep(Duration::from_micros(chance.below(500_000)));
        } else {
            thread::sleep(Duration::from_micros(chance.below(200_000)));
        }
        drop(running);
    }
}

/// Holds what a URL was sent against what was written.
fn check(name: &str, hook: &Webhook, written: &BTreeMap<String, Vec<u64>>) -> String {
    let journal = hook.journal();
    let by_key = |records: &mut dyn Iterator<Item = (String, u64)>| {
        let (mut seen, mut keys) = (BTreeSet::new(), BTreeMap::<String, Vec<u64>>::new());
        for (key, n) in records.filter(|(_, n)| seen.insert(*n)) {
            keys.entry(key).or_default().push(n);
        }
        keys
    };
    let arrived = by_key(&mut journal.posts.iter().flat_map(|post| post.records.clone()));
    let taken = by_key(&mut journal.taken.iter().cloned());
    assert!(arrived == *written, "{name}, seed {SEED}: written {written:?}, first arrived {arrived:?}");
    assert!(taken == *written, "{name}, seed {SEED}: written {written:?}, acknowledged {taken:?}");

    let mut again: BTreeMap<Option<usize>, BTreeSet<u64>> = BTreeMap::new();
    for post in &journal.posts {
        again.entry(post.life).or_default().extend(&post.again);
    }
    for (life, again) in &again {
        // One table, one shard. A process that says nothing of itself is any of them.
        let most = if life.is_some() { BATCH } else { (KILLS + 1) * BATCH };
        assert!(again.len() <= most, "{name}, seed {SEED}: process {life:?} sent again what was acknowledged: {again:?}");
    }
    let posts = journal.posts.iter();
    let (unanswered, twice): (usize, usize) = (
        posts.clone().filter(|post| !matches!(post.does, Does::Take | Does::TakeAfter(_))).count(),
        posts.clone().map(|post| post.again.len()).sum(),
    );
    assert!(journal.posts.len() > KILLS && (name == "slow" || unanswered > KILLS / 10), "{name}: too little happened");
    format!("; {name}: {} posts, {unanswered} not taken, {twice} records again", posts.len())
}

#[test]
fn killed_again_and_again_with_urls_that_fail_every_url_gets_every_change_in_order() {
    let runtime = Runtime::new().unwrap();
    let aws = runtime.block_on(Embedded::start(Config::default())).unwrap();
    let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None);
    let (laptop, hooks) = (Laptop::new(), Hooks::start());
    let sets = ["--set", "STATE_PATH=relay.db", "--set", "POLL_MS=20", "--set", "DISCOVERY_MS=1000"];
    let arguments =
        [&["relay", "--port", "0", "--config", "relay.yml", "--allow-private", "--endpoint-url", aws.endpoint()], &sets[..]].concat();
    let definition = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    });
    laptop.file("things.json", &definition.to_string());
    let created = laptop.run(&["table", "create", "things.json", "--endpoint-url", aws.endpoint()]);
    assert_eq!(created.exit, 0, "{created:?}");
    let start = |life: usize| {
        laptop.file("relay.yml", &hooks.file(life));
        Running::start(&laptop, &arguments)
    };

    let first = start(0);
    let other = json!({ "table_name": TABLE, "url": hooks.other.url, "batch": { "max_records": BATCH } });
    let subscribed = ask(&first.line(), "POST", &other.to_string());
    assert_eq!(subscribed.0, 201, "{subscribed:?}");
    let (last, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| runtime.spawn(write(clients.clone(), writer, Arc::clone(&last), Arc::clone(&over)))).collect();
    until("something to arrive", || hooks.taken() > 0);
    drop(first);
    let begun = Instant::now();
    kill(&hooks, start);
    let lasted = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    let mut written = BTreeMap::new();
    for writer in writers {
        written.extend(runtime.block_on(writer).unwrap());
    }

    let relay = start(KILLS + 1);
    let url = relay.line();
    hooks.calm.store(true, Ordering::Relaxed);
    let count: usize = written.values().map(Vec::len).sum();
    for (name, hook) in hooks.all() {
        until(&format!("all that {name} is owed"), || hook.journal().taken.len() >= count);
    }
    let listed: Value = serde_json::from_str(&ask(&url, "GET", "").1).unwrap();
    let entries = listed.as_object().unwrap();
    assert!(entries.len() == 4 && entries.values().all(|entry| entry["status"] == "RUNNING"), "{listed}");
    assert_eq!(relay.terminate(), Some(0));
    let told: String = hooks.all().iter().map(|(name, hook)| check(name, hook, &written)).collect();
    writeln!(std::io::stderr(), "seed {SEED}: {count} changes, {} kills in {lasted:.1?}{told}", KILLS + 1).unwrap();
    runtime.block_on(aws.stop());
}
