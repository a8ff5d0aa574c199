//! The ledger property: for any event, any settings and any faults, every document ends in the table, in the queue, filtered, left
//! out, superseded by one that is done, or at or after the reported checkpoint; and once the faults stop, nothing is missing.

mod case;
mod check;
mod history;
mod run;

use tablefeed::write::outcome::Outcome;

use case::{Case, FAULTS, cases};
use run::Table;

const CASES: u64 = 5000;

/// The cells of the table of faults and outcomes that must be seen: a fault, then outcomes.
const REACHABLE: &str = include_str!("reachable.txt");

#[test]
fn whatever_goes_wrong_every_document_is_accounted_for() {
    let table = run::run("LEDGER", CASES, cases, async |case: &Case| {
        let outcomes = check::check(case).await?;
        let faults = case.faults.iter().map(|fault| fault.name).chain(case.faults.is_empty().then_some("none"));
        Ok(faults.flat_map(|fault| outcomes.iter().map(move |outcome| (fault, outcome.name()))).collect())
    });
    #[expect(clippy::print_stdout, reason = "the table is what the test shows")]
    {
        println!("{}", shown(&table));
    }
    let missing: Vec<String> = REACHABLE.lines().filter_map(|line| missing(&table, line)).collect();
    assert!(missing.is_empty(), "never seen, though reachable: {missing:?}");
}

/// The cells of a line of `reachable.txt` that were not seen.
fn missing(table: &Table, line: &str) -> Option<String> {
    let (fault, outcomes) = line.split_once(": ")?;
    let seen = |name: &&str| table.keys().any(|cell| *cell == (fault, *name));
    let unseen: Vec<&str> = outcomes.split(' ').filter(|name| !seen(name)).collect();
    (!unseen.is_empty()).then(|| format!("{fault}: {}", unseen.join(" ")))
}

/// The table of faults and outcomes, in cases.
fn shown(table: &Table) -> String {
    let header = Outcome::ALL.map(|outcome| format!("{:>10}", outcome.name())).join(" ");
    let names = FAULTS.iter().map(|(name, _)| *name).chain(["none"]);
    let rows = names.map(|fault| {
        let cells = Outcome::ALL.map(|outcome| format!("{:>10}", table.get(&(fault, outcome.name())).copied().unwrap_or(0)));
        format!("{fault:<28} {}\n", cells.join(" "))
    });
    format!("{:<28} {header}\n{}", "fault, in cases", rows.collect::<String>())
}
