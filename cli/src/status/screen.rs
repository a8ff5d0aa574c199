//! A snapshot as text: one line a fact. Pure.

use std::time::Duration;

use super::metrics::Metrics;
use super::peek::Letters;
use super::snapshot::{Batch, FileFed, Part, Snapshot, Source};
use crate::age::told;
use crate::runs::Run;
use crate::summary::counted;

/// The width of the names.
const NAMES: usize = 10;

/// Name and value of each fact; a fact of several lines is named once.
pub fn lines(snapshot: &Snapshot) -> Vec<String> {
    let at = snapshot.at;
    let mut rows = Rows::default();
    rows.part("function", &snapshot.function, |name| vec![name.clone()]);
    rows.part("source", &snapshot.sources, |sources| match sources.as_slice() {
        [] => vec!["no Kinesis stream".to_owned()],
        sources => sources.iter().map(source).collect(),
    });
    rows.part("table", &snapshot.table, |name| vec![name.clone()]);
    rows.part("batch id", &snapshot.batch, |batch| vec![of_batch(batch, at)]);
    rows.part("letters", &snapshot.letters, |letters| of_letters(letters, at));
    rows.part("lag", &snapshot.metrics, |metrics| vec![lag(metrics)]);
    if let Part::Known(metrics) = &snapshot.metrics {
        rows.add("last hour", [last_hour(metrics)]);
    }
    rows.add("file", snapshot.files.iter().map(file));
    rows.add("run", snapshot.runs.iter().rev().flat_map(|run| of_run(run, at)));
    rows.0
}

#[derive(Default)]
struct Rows(Vec<String>);

impl Rows {
    fn add(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        for (index, value) in values.into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let value = value.replace(char::is_control, " ");
            self.0.push(format!("{name:NAMES$}{value}"));
        }
    }

    fn part<T>(&mut self, name: &str, part: &Part<T>, values: impl Fn(&T) -> Vec<String>) {
        match part {
            Part::Known(value) => self.add(name, values(value)),
            Part::Unknown { unknown } => self.add(name, [format!("not known: {unknown}")]),
            Part::None(()) => {}
        }
    }
}

fn source(source: &Source) -> String {
    let Source { stream, state, last_result, shards, retention_hours, unknown } = source;
    let mut parts = vec![format!("{stream}: {state}")];
    parts.extend(last_result.clone());
    parts.extend(shards.map(|shards| counted(shards, "shard")));
    parts.extend(retention_hours.map(|hours| format!("kept for {hours} h")));
    parts.extend(unknown.as_ref().map(|why| format!("not known: {why}")));
    parts.join(", ")
}

fn of_batch(batch: &Batch, at: u64) -> String {
    batch.since.map_or_else(|| batch.id.clone(), |since| format!("{}, for {}", batch.id, ago(since, at)))
}

fn of_letters(letters: &Letters, at: u64) -> Vec<String> {
    let Letters { waiting, hidden, seen, reasons, oldest } = letters;
    let mut first = vec![format!("{waiting} waiting")];
    first.extend((*hidden > 0).then(|| format!("{hidden} hidden")));
    first.extend(oldest.map(|oldest| format!("the oldest for {}", ago(oldest, at))));
    let of = if seen < waiting { format!("; of {seen} that were read:") } else { String::new() };
    let reasons = reasons.iter().map(|(reason, count)| format!("{reason} {count}"));
    std::iter::once(first.join(", ") + &of).chain(reasons).collect()
}

fn lag(metrics: &Metrics) -> String {
    let Metrics { iterator_age_ms, lag_p50_ms, lag_max_ms, .. } = metrics;
    let named = [("behind the stream", iterator_age_ms), ("from arrival to done, median", lag_p50_ms), ("at most", lag_max_ms)];
    let known: Vec<String> = named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", short((*value)?)))).collect();
    if known.is_empty() { "no invocation in the last hour".to_owned() } else { known.join(", ") }
}

fn last_hour(metrics: &Metrics) -> String {
    let more =
        [("letters", metrics.letters), ("write throttles", metrics.write_throttles), ("systemic failures", metrics.systemic_failures)];
    let counts = metrics.outcomes.iter().map(|(name, count)| (*name, *count)).chain(more).filter(|(_, count)| *count > 0);
    let told = counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ");
    if told.is_empty() { "nothing".to_owned() } else { told }
}

fn short(milliseconds: u64) -> String {
    if milliseconds < 1000 { format!("{milliseconds} ms") } else { told(Duration::from_millis(milliseconds)) }
}

fn file(file: &FileFed) -> String {
    let FileFed { source, done, size } = file;
    let behind = size.saturating_sub(*done);
    let lag = if behind == 0 { "nothing behind".to_owned() } else { format!("{} behind", counted(behind, "byte")) };
    format!("{source}: byte {done} of {size}, {lag}")
}

fn of_run(run: &Run, at: u64) -> Vec<String> {
    let Run { command, source, documents, outcomes, letters, systemic_failure, .. } = run;
    let outcomes = outcomes.iter().filter(|(_, count)| **count > 0).map(|(name, count)| format!("{name} {count}"));
    let letters: u64 = letters.values().sum();
    let letters = (letters > 0).then(|| counted(letters, "letter"));
    let came = outcomes.chain(letters).collect::<Vec<_>>().join(", ");
    let mut lines = vec![format!("{} ago: {command} {source}, {}", ago(run.at, at), counted(*documents, "document"))];
    lines.extend(Some(came).filter(|came| !came.is_empty()));
    lines.extend(systemic_failure.clone());
    lines
}

fn ago(since: u64, at: u64) -> String {
    told(Duration::from_millis(at.saturating_sub(since)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_screen_has_a_line_a_fact_and_says_what_is_not_known() {
        let source = Source {
            stream: "records".into(),
            state: "Enabled".into(),
            last_result: Some("OK".into()),
            shards: Some(1),
            retention_hours: Some(24),
            unknown: None,
        };
        let run = Run {
            at: 60_000,
            command: "invoke".into(),
            source: "mixed.json".into(),
            table: "T".into(),
            documents: 3,
            outcomes: BTreeMap::from([("persisted".into(), 2), ("filtered".into(), 0), ("rejected".into(), 1)]),
            letters: BTreeMap::from([("bad_json".into(), 1)]),
            systemic_failure: None,
        };
        let reasons = BTreeMap::from([("bad_json".into(), 2)]);
        let snapshot = Snapshot {
            at: 120_000,
            function: Part::None(()),
            sources: Part::Known(vec![source]),
            table: Part::Unknown { unknown: "denied".into() },
            batch: Part::Known(Batch { id: "batch-7".into(), since: Some(0) }),
            letters: Part::Known(Letters { waiting: 3, hidden: 1, seen: 2, reasons, oldest: Some(119_000) }),
            metrics: Part::Known(Metrics {
                iterator_age_ms: Some(61_000),
                lag_p50_ms: Some(900),
                outcomes: BTreeMap::from([("persisted", 9), ("retry", 0)]),
                letters: 2,
                ..Metrics::default()
            }),
            files: vec![FileFed { source: "data".into(), done: 10, size: 12 }],
            runs: vec![run],
        };
        let expected = [
            "source    records: Enabled, OK, 1 shard, kept for 24 h",
            "table     not known: denied",
            "batch id  batch-7, for 2 min",
            "letters   3 waiting, 1 hidden, the oldest for 1 s; of 2 that were read:",
            "          bad_json 2",
            "lag       behind the stream 1 min, from arrival to done, median 900 ms",
            "last hour persisted 9, letters 2",
            "file      data: byte 10 of 12, 2 bytes behind",
            "run       1 min ago: invoke mixed.json, 3 documents",
            "          persisted 2, rejected 1, 1 letter",
        ];
        assert_eq!(lines(&snapshot), expected);
    }
}
