//! `run` under `kill -9`, at any moment and again and again: in the end nothing is missing and nothing is there twice.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::laptop::Laptop;

const KILLS: usize = 60;
const SEED: u64 = 20_240_611;
const LINES: u64 = 400;
const RUN: [&str; 8] = ["run", "data.ndjson", "--json", "--batch-size", "3", "--set", "MAPPING=document", "--timeout=30"];

/// Numbers that are the same in every run of the test (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What was written into the file: every tenth line is poison.
struct Written {
    lines: u64,
    bytes: u64,
    poison: BTreeSet<String>,
}

impl Written {
    fn append(&mut self, laptop: &Laptop, lines: u64) {
        let mut text = String::new();
        for n in self.lines..self.lines + lines {
            if n % 10 == 3 {
                self.poison.insert(format!("1{:020}", self.bytes + text.len() as u64));
                text.push_str("{broken ");
            }
            writeln!(text, "{{\"n\":{n}}}").unwrap();
        }
        let file = laptop.path().join("data.ndjson");
        OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(text.as_bytes()).unwrap();
        self.lines += lines;
        self.bytes += text.len() as u64;
    }
}

fn checkpoint(laptop: &Laptop) -> Option<u64> {
    let text = std::fs::read(laptop.path().join(Path::new(".tablefeed/run/data.ndjson.json"))).ok()?;
    // Whole at every moment, or this fails.
    let state: Value = serde_json::from_slice(&text).unwrap();
    state["offset"].as_u64()
}

/// Lets the process be for a moment of chance: from its start on, or from when its checkpoint has moved. False if it ended before.
fn wait_for_the_moment(laptop: &Laptop, process: &mut Child, chance: &mut Chance) -> bool {
    if chance.below(3) > 0 {
        let before = checkpoint(laptop);
        while checkpoint(laptop) == before {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            thread::yield_now();
        }
        thread::sleep(Duration::from_micros(chance.below(60_000)));
    } else {
        thread::sleep(Duration::from_micros(chance.below(200_000)));
    }
    process.try_wait().unwrap().is_none()
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice() {
    let laptop = Laptop::new();
    let mut chance = Chance(SEED);
    let mut written = Written { lines: 0, bytes: 0, poison: BTreeSet::new() };
    written.append(&laptop, LINES);
    let (mut kills, mut midway) = (0, 0);
    while kills < KILLS {
        let mut process = laptop.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if wait_for_the_moment(&laptop, &mut process, &mut chance) {
            process.kill().unwrap();
        }
        if process.wait().unwrap().code().is_some() {
            // It came to the end first; the file grows, as a file may between two runs.
            written.append(&laptop, LINES / 4);
            continue;
        }
        kills += 1;
        midway += usize::from(checkpoint(&laptop).is_some_and(|offset| offset > 0 && offset < written.bytes));
    }
    let summary = laptop.json(&RUN).remove(0);
    assert!(midway >= KILLS / 2, "only {midway} of {kills} kills came midway");
    assert_eq!((&summary["checkpoint"], &summary["end"]), (&written.bytes.into(), &"finished".into()));

    let items = laptop.json(&["items", "Documents", "--json"]);
    let mut numbers: Vec<u64> = items.iter().map(|item| item["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..written.lines).filter(|n| n % 10 != 3).collect::<Vec<_>>(), "seed {SEED}");
    // `letters` shows messages of one id as one letter, so a line under two ids would be there twice.
    let letters = laptop.json(&["letters", "--json"]);
    let sequences: BTreeSet<String> = letters.iter().map(|letter| letter["sequence"].as_str().unwrap().to_owned()).collect();
    assert_eq!((letters.len(), sequences), (written.poison.len(), written.poison), "seed {SEED}");
}
