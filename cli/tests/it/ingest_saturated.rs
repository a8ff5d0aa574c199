//! `ingest` under all the load that it takes, while its table fails in every way that passes, and under `kill -9` again and again: what was acknowledged
//! is in the table or in the queue, what is stored goes on, and nothing is anywhere that was never sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded, Fault, Rule, Select};
use tokio::runtime::Runtime;

use crate::ingest::{Ingest, next_module};
use crate::keeping::{Answer, Connection};
use crate::laptop::Laptop;
use crate::run_killed::Chance;

const CONNECTIONS: u64 = 32;
/// How long the load lasts; the kills are in its second part.
const UNDISTURBED: Duration = Duration::from_secs(8);
const KILLS: u64 = 20;
const SEED: u64 = 20_260_312;
/// How often one body is sent until it is acknowledged.
const TRIES: usize = 4;
/// The name of the function's clients, which the faults are for.
const APP: &str = "tablefeed-ingest";
/// Letters for faults that pass need keys that follow from the identity.
const MAPPING: &str = r#"MAPPING={"key":{"partition":"key"},"types":{"key":"S"},"item":{"key":"{@id}"},"rest":"keep"}"#;

/// Whether a document has this number: a body holds the last of three numbers, or every second time all three.
fn is_used(n: u64) -> bool {
    let last = n.div_ceil(3) * 3;
    n == last || last % 2 == 1
}

/// What the load knows.
#[derive(Default)]
struct Load {
    /// Where the server listens now.
    address: RwLock<String>,
    over: AtomicBool,
    /// Numbers up to this one are given to documents.
    sent: AtomicU64,
    /// Numbers that were acknowledged as stored, and as letters.
    stored: Mutex<BTreeSet<u64>>,
    letters: Mutex<BTreeSet<u64>>,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

impl Load {
    /// Sends one body after another until the load is over.
    fn run(&self) {
        let mut connection = None;
        while !self.over.load(Ordering::Relaxed) {
            let last = self.sent.fetch_add(3, Ordering::Relaxed) + 3;
            let numbers: Vec<u64> = (last - 2..=last).filter(|n| is_used(*n)).collect();
            let documents: Vec<String> = numbers.iter().map(|n| format!("{{\"n\":{n}}}")).collect();
            let body = if let [one] = documents.as_slice() { one.clone() } else { format!("[{}]", documents.join(",")) };
            for _ in 0..TRIES {
                let answer = self.post(&mut connection, &format!("body-{last}"), &body);
                if answer.is_some_and(|answer| self.account(&numbers, &answer)) {
                    break;
                }
            }
        }
    }

    fn post(&self, connection: &mut Option<Connection>, key: &str, body: &str) -> Option<Answer> {
        if connection.is_none() {
            *connection = Connection::open(&self.address.read().unwrap());
        }
        let answer = connection.as_mut().and_then(|open| open.post(key, body));
        if answer.is_none() {
            *connection = None;
            thread::sleep(Duration::from_millis(5));
        }
        answer
    }

    /// Notes what an answer acknowledges; tells whether that is all.
    fn account(&self, numbers: &[u64], answer: &Answer) -> bool {
        *self.statuses.lock().unwrap().entry(answer.status).or_default() += 1;
        assert!([204, 200, 202, 429, 503].contains(&answer.status), "{answer:?}");
        if answer.status == 204 {
            self.stored.lock().unwrap().extend(numbers);
            return true;
        }
        let results = answer.body["results"].as_array().cloned().unwrap_or_default();
        for (n, result) in numbers.iter().zip(&results) {
            match result["outcome"].as_str() {
                Some("persisted") => drop(self.stored.lock().unwrap().insert(*n)),
                Some("failed") => drop(self.letters.lock().unwrap().insert(*n)),
                _ => {}
            }
        }
        answer.status < 300
    }
}

/// The faults, one after another, each for a moment; some last for longer than a request may take.
fn fail(aws: &Embedded, over: &AtomicBool) -> u64 {
    let mut chance = Chance(SEED);
    let mut struck = 0;
    let resource = "arn:aws:dynamodb:us-east-1:000000000000:table/readings";
    let faults = || {
        vec![
            Fault::throttle("TableWriteProvisionedThroughputExceeded", resource),
            Fault::error(500, "InternalServerError", ""),
            Fault::Reset,
            Fault::LostAnswer,
            Fault::Cut,
            Fault::Unprocessed(Select::Indices(BTreeSet::from([0]))),
            Fault::Unprocessed(Select::All),
        ]
    };
    let most = faults().len() as u64;
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let fault = faults().swap_remove(usize::try_from(if turn < most { turn } else { chance.below(most) }).unwrap());
        let late = chance.below(3) == 0;
        let long = turn % 8 == 7;
        let on_writes = |fault: Fault| Rule::new(fault).operation("BatchWriteItem").app(APP);
        if late {
            aws.faults().add(on_writes(Fault::Delay(Duration::from_millis(50 + chance.below(250)))));
        }
        let id = aws.faults().add(on_writes(fault));
        thread::sleep(Duration::from_millis(if long { 1800 } else { 60 + chance.below(200) }));
        struck += aws.faults().fired(id);
        aws.faults().clear();
        thread::sleep(Duration::from_millis(100 + chance.below(200)));
    }
    struck
}

/// Kills and starts it, with all the load on it.
fn kill(load: &Load, laptop: &Laptop, arguments: &[&str], mut ingest: Ingest) -> Ingest {
    let mut chance = Chance(SEED + 1);
    thread::sleep(UNDISTURBED);
    for _ in 0..KILLS {
        thread::sleep(Duration::from_millis(100 + chance.below(700)));
        ingest.process.kill().unwrap();
        ingest.process.wait().unwrap();
        ingest = Ingest::start(laptop, arguments);
        load.address.write().unwrap().clone_from(&ingest.address);
    }
    thread::sleep(Duration::from_secs(1));
    ingest
}

/// The number of each item, as often as it is there.
async fn table(clients: &Clients) -> Vec<u64> {
    let pages = clients.dynamodb.scan().table_name("readings").consistent_read(true).into_paginator().items().send();
    let items: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    items.iter().map(|item| item["n"].as_n().unwrap().parse().unwrap()).collect()
}

/// The number of each letter's document.
async fn queue(clients: &Clients, url: &str) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    loop {
        let receive = clients.sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(600);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return numbers;
        }
        for message in &messages {
            let letter: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            let data = STANDARD.decode(letter["data"].as_str().unwrap()).unwrap();
            numbers.insert(serde_json::from_slice::<Value>(&data).unwrap()["n"].as_u64().unwrap());
        }
    }
}

#[test]
fn saturated_with_a_failing_table_and_killed_again_and_again_it_loses_nothing_and_makes_nothing_up() {
    let runtime = Runtime::new().unwrap();
    let aws = runtime.block_on(Embedded::start(Config::default())).unwrap();
    let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None);
    let laptop = Laptop::new();
    let (next, taken) = next_module();
    let egress = format!("EGRESS_API_HOST={next}");
    let sets = [egress.as_str(), "SPOOL_DIR=spool", "WRITE_FAILURES=dlq", "REQUEST_TIMEOUT_MS=1500", MAPPING];
    let endpoint = aws.endpoint().to_owned();
    let mut arguments = vec!["--endpoint-url", endpoint.as_str()];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));

    let ingest = Ingest::start(&laptop, &arguments);
    let load = Load { address: RwLock::new(ingest.address.clone()), ..Load::default() };
    let begun = Instant::now();
    let (ingest, struck) = thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| load.run())).collect();
        let failing = scope.spawn(|| fail(&aws, &load.over));
        let ingest = kill(&load, &laptop, &arguments, ingest);
        load.over.store(true, Ordering::Relaxed);
        assert!(senders.into_iter().all(|sender| sender.join().is_ok()), "an answer that is none");
        (ingest, failing.join().unwrap())
    });
    let lasted = begun.elapsed();

    let (sent, statuses) = (load.sent.into_inner(), load.statuses.into_inner().unwrap());
    let (stored, letters) = (load.stored.into_inner().unwrap(), load.letters.into_inner().unwrap());
    let drained = Instant::now();
    while !stored.is_subset(&taken.lock().unwrap()) {
        assert!(drained.elapsed() < Duration::from_secs(60), "the spool is not drained, seed {SEED}");
        thread::sleep(Duration::from_millis(50));
    }
    let items = runtime.block_on(table(&clients));
    let letters_there = runtime.block_on(queue(&clients, &aws.queue_url("tablefeed-letters")));
    let table: BTreeSet<u64> = items.iter().copied().collect();
    let forwarded = taken.lock().unwrap().len();
    let documents = (1..=sent).filter(|n| is_used(*n)).count();
    let (acknowledged, there, waiting) = (stored.len() + letters.len(), table.len(), letters_there.len());
    let told = format!(
        "seed {SEED}: {lasted:.1?} of load and {KILLS} kills, {struck} calls failed; {acknowledged} of {documents} documents acknowledged, {} of them \
         as letters; {there} in the table, {waiting} in the queue, {forwarded} forwarded; answers {statuses:?}",
        letters.len()
    );
    writeln!(std::io::stderr(), "{told}").unwrap();

    assert!(lasted >= Duration::from_secs(20) && struck > 50 && stored.len() > 500 && !letters.is_empty(), "too little happened: {told}");
    assert!(stored.is_subset(&table), "lost from the table: {:?}; {told}", stored.difference(&table).collect::<Vec<_>>());
    assert!(letters.is_subset(&letters_there), "lost from the queue: {:?}; {told}", letters.difference(&letters_there).collect::<Vec<_>>());
    assert_eq!(items.len(), table.len(), "a body that was sent again is there twice: {told}");
    assert!(table.union(&letters_there).all(|n| (1..=sent).contains(n) && is_used(*n)), "made up: {told}");
    assert!(taken.lock().unwrap().is_subset(&table), "went on but is not stored: {told}");
    assert_eq!(ingest.terminate(), Some(0));
    runtime.block_on(aws.stop());
}
