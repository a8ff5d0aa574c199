//! The ledger property: for any event, any settings and any faults, every document ends in the table, in the queue, filtered, left
//! out, superseded by one that is done, or at or after the reported checkpoint; and once the faults stop, nothing is missing.
//!
//! A failing case is shrunk and printed with the seed; `LEDGER_SEED` runs that seed again, `LEDGER_CASES` more or fewer cases.

mod case;
mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tablefeed::write::outcome::Outcome;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::{Case, FAULTS, cases};
use check::check;

const CASES: usize = 5000;

/// Most of a case's time is spent waiting, so many run at once.
const AT_ONCE: usize = 48;

const MOST_SHRINKS: usize = 300;

/// The cells of the table of faults and outcomes that must be seen: a fault, then outcomes.
const REACHABLE: &str = include_str!("reachable.txt");

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect(name))
}

fn runner(seed: usize) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_every_document_is_accounted_for() {
    let seed = number("LEDGER_SEED", std::process::id() as usize);
    let mut runner = runner(seed);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut trees = Vec::new();
    for index in 0..number("LEDGER_CASES", CASES) {
        let tree = cases().new_tree(&mut runner).unwrap();
        let (case, places) = (tree.current(), places.clone());
        trees.push(tree);
        running.spawn(async move {
            let place = places.acquire_owned().await.unwrap();
            let outcomes = check(&case).await;
            drop(place);
            (index, case, outcomes)
        });
    }
    let mut table: BTreeMap<(&str, Outcome), u32> = BTreeMap::new();
    while let Some(ended) = running.join_next().await {
        let (index, case, outcomes) = ended.unwrap();
        match outcomes {
            Ok(outcomes) => enter(&mut table, &case, &outcomes),
            Err(problem) => {
                running.abort_all();
                let (case, problem) = shrink(trees.swap_remove(index), problem).await;
                panic!("LEDGER_SEED={seed}: {problem}\n{case:#?}");
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the table is what the test shows")]
    {
        println!("{}", shown(&table));
    }
    let missing: Vec<String> = REACHABLE.lines().filter_map(|line| missing(&table, line)).collect();
    assert!(missing.is_empty(), "LEDGER_SEED={seed}: never seen, though reachable: {missing:?}");
}

fn enter(table: &mut BTreeMap<(&'static str, Outcome), u32>, case: &Case, outcomes: &[Outcome]) {
    let faults = case.faults.iter().map(|fault| fault.name);
    for fault in faults.chain(case.faults.is_empty().then_some("none")) {
        for outcome in outcomes {
            *table.entry((fault, *outcome)).or_default() += 1;
        }
    }
}

/// The smallest case that still fails, as far as proptest finds it.
async fn shrink(mut tree: impl ValueTree<Value = Case>, problem: String) -> (Case, String) {
    let mut smallest = (tree.current(), problem);
    let mut moved = tree.simplify();
    for _ in 0..MOST_SHRINKS {
        if !moved {
            break;
        }
        moved = match check(&tree.current()).await {
            Ok(_) => tree.complicate(),
            Err(problem) => {
                smallest = (tree.current(), problem);
                tree.simplify()
            }
        };
    }
    smallest
}

/// The cells of a line of `reachable.txt` that were not seen.
fn missing(table: &BTreeMap<(&str, Outcome), u32>, line: &str) -> Option<String> {
    let (fault, outcomes) = line.split_once(": ")?;
    let unseen: Vec<&str> = outcomes
        .split(' ')
        .filter(|name| !table.iter().any(|((seen, outcome), count)| *seen == fault && outcome.name() == *name && *count > 0))
        .collect();
    (!unseen.is_empty()).then(|| format!("{fault}: {}", unseen.join(" ")))
}

/// The table of faults and outcomes, in cases.
fn shown(table: &BTreeMap<(&str, Outcome), u32>) -> String {
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).chain(["none"]).collect();
    let header = Outcome::ALL.map(|outcome| format!("{:>10}", outcome.name())).join(" ");
    let rows = names.iter().map(|name| {
        let cells = Outcome::ALL.map(|outcome| format!("{:>10}", table.get(&(*name, outcome)).copied().unwrap_or(0)));
        format!("{name:<28} {}\n", cells.join(" "))
    });
    format!("{:<28} {header}\n{}", "fault, in cases", rows.collect::<String>())
}
