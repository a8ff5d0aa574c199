//! `letters redrive` under `kill -9`, again and again: in the end every letter is in the table, once, or in the queue under its one id.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::laptop::Laptop;
use crate::run_killed::Chance;
use crate::shared::Shared;

const KILLS: usize = 50;
const SEED: u64 = 20_261_121;
const LETTERS: u64 = 100;
const BROKEN: &str = r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{@id}","n":"{n}","x":"{nowhere}"}}"#;
const REDRIVE: [&str; 7] = [
    "letters",
    "redrive",
    "--json",
    "--hide-seconds",
    "1",
    "--set",
    r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{@id}","n":"{n}","x":"{ok}"}}"#,
];

/// Adds letters of documents, every tenth of which stays poison, in an event of its own.
fn add(laptop: &Laptop, from: u64) {
    let document = |n: u64| if n % 10 == 3 { json!({ "n": n }) } else { json!({ "n": n, "ok": 1 }) };
    laptop.event("event.json", &(from..from + LETTERS).map(document).collect::<Vec<_>>());
    let event = laptop.path().join("event.json");
    let text = std::fs::read_to_string(&event).unwrap().replace("shardId-000000000006", &format!("shardId-{from:012}"));
    std::fs::write(event, text).unwrap();
    let summary = laptop.invoke(&["event.json", "--set", BROKEN]);
    assert_eq!(summary["letters"]["missing_field"], LETTERS);
}

/// Lets the process be until a moment of chance: some calls after its first one, or, more often, after its first write. False if it ended
/// before.
fn wait_for_the_moment(shared: &Shared, process: &mut Child, chance: &mut Chance) -> bool {
    let first = if chance.below(3) > 0 { "BatchWriteItem" } else { "ReceiveMessage" };
    let more = usize::try_from(chance.below(18)).unwrap();
    let has_come = || shared.embedded.recorder().calls().iter().skip_while(|call| call.operation != first).nth(more).is_some();
    while !has_come() {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        thread::yield_now();
    }
    thread::sleep(Duration::from_micros(chance.below(5_000)));
    process.try_wait().unwrap().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_every_letter_is_in_the_table_once_or_in_the_queue() {
    let shared = Shared::new().await;
    let laptop = &shared.laptop;
    let mut chance = Chance(SEED);
    let (mut added, mut kills, mut midway) = (0, 0, 0);
    while kills < KILLS {
        if added == 0 || laptop.json(&["letters", "--json"]).len() < 40 {
            add(laptop, added);
            added += LETTERS;
        }
        shared.embedded.recorder().clear();
        let mut process = laptop.command(&REDRIVE).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if wait_for_the_moment(&shared, &mut process, &mut chance) {
            process.kill().unwrap();
        }
        if process.wait().unwrap().code().is_none() {
            kills += 1;
            midway += usize::from(shared.embedded.recorder().count(Some("tablefeed-persist"), "BatchWriteItem") > 0);
        }
    }
    assert!(midway >= KILLS / 3, "only {midway} of {kills} kills came after a write");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = laptop.run(&REDRIVE);
        let account: Value = serde_json::from_str(&said.out).unwrap();
        if account["hidden"] == 0 && account["done"] == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{account}");
    }
    let mut numbers: Vec<u64> = items(laptop).iter().map(|item| item["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..added).filter(|n| n % 10 != 3).collect::<Vec<_>>(), "seed {SEED}");
    let letters = laptop.json(&["letters", "--json"]);
    let left: BTreeSet<u64> = letters.iter().map(number).collect();
    assert_eq!(left, (0..added).filter(|n| n % 10 == 3).collect(), "seed {SEED}");
    // `letters` shows messages of one id as one letter, so a document under two ids would be there twice.
    assert_eq!(letters.len(), left.len(), "seed {SEED}");
}

fn items(laptop: &Laptop) -> Vec<Value> {
    laptop.json(&["items", "Items", "--json"])
}

/// Of the document in a letter.
fn number(letter: &Value) -> u64 {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.decode(letter["data"].as_str().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&data).unwrap()["n"].as_u64().unwrap()
}
