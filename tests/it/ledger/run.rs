//! Runs a property over many cases at once, each on a runtime of its own, and shrinks the first that fails.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Most of a case's time is spent waiting, so many run at once.
const AT_ONCE: usize = 16;

/// How long a failing case is made smaller.
const SHRINKING: Duration = Duration::from_secs(60);

/// What a case was seen to do, counted over all cases.
pub type Table = BTreeMap<(&'static str, &'static str), u32>;

/// Runs `cases` cases, each from a seed of its own. `NAME_SEED` is the first one's, `NAME_CASES` how many; a failure prints the seed
/// by which it is run again alone.
pub fn run<C, S, P>(name: &str, cases: u64, strategy: impl Fn() -> S + Sync, property: P) -> Table
where
    C: Debug,
    S: Strategy<Value = C>,
    P: AsyncFn(&C) -> Result<Vec<(&'static str, &'static str)>, String> + Sync,
{
    let first = number(&format!("{name}_SEED"), u64::from(std::process::id()) << 20);
    let cases = number(&format!("{name}_CASES"), cases);
    let (next, table, failure) = (AtomicU64::new(0), Mutex::new(Table::new()), OnceLock::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let holds = |case: &C| runtime.block_on(property(case));
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= cases || failure.get().is_some() {
                        return;
                    }
                    let mut tree = strategy().new_tree(&mut runner(first + case)).unwrap();
                    match holds(&tree.current()) {
                        Ok(seen) => seen.into_iter().for_each(|cell| *table.lock().unwrap().entry(cell).or_default() += 1),
                        Err(problem) => {
                            let (case_text, problem) = shrink(&mut tree, problem, holds);
                            failure.set(format!("{name}_SEED={} {name}_CASES=1: {problem}\n{case_text}", first + case)).unwrap_or_default();
                        }
                    }
                }
            });
        }
    });
    assert!(failure.get().is_none(), "{}", failure.get().unwrap());
    table.into_inner().unwrap()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect(name))
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// The smallest case that still fails, as far as proptest finds it, and what is wrong with it.
fn shrink<C: Debug, T>(tree: &mut impl ValueTree<Value = C>, problem: String, holds: impl Fn(&C) -> Result<T, String>) -> (String, String) {
    let mut smallest = (format!("{:#?}", tree.current()), problem);
    let mut moved = tree.simplify();
    let begun = Instant::now();
    while moved && begun.elapsed() < SHRINKING {
        moved = match holds(&tree.current()) {
            Ok(_) => tree.complicate(),
            Err(problem) => {
                smallest = (format!("{:#?}", tree.current()), problem);
                tree.simplify()
            }
        };
    }
    smallest
}
