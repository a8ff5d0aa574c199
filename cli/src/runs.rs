//! What the last runs with the embedded AWS came to, in the file `runs.ndjson` of its directory: `tablefeed status` shows them.
//!
//! A file that is gone or broken is begun anew, and one that cannot be written ends no run: nothing depends on it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::output;
use crate::summary::Summary;
use crate::target::TargetArgs;

const FILE: &str = "runs.ndjson";
/// Runs that are kept.
const KEPT: usize = 5;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it ended, in milliseconds since 1970.
    pub at: u64,
    pub command: String,
    pub source: String,
    pub table: String,
    pub documents: u64,
    pub outcomes: BTreeMap<String, u64>,
    pub letters: BTreeMap<String, u64>,
    pub systemic_failure: Option<String>,
}

/// Notes a run, if it was with the embedded AWS.
pub fn remember(target: &TargetArgs, command: &str, source: &str, summary: &Summary) {
    if !target.is_embedded() {
        return;
    }
    let owned = |counts: &BTreeMap<&'static str, u64>| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let run = Run {
        at: now(),
        command: command.to_owned(),
        source: source.to_owned(),
        table: summary.table().to_owned(),
        documents: summary.documents,
        outcomes: owned(&summary.outcomes),
        letters: owned(&summary.letters),
        systemic_failure: summary.systemic_failure.clone(),
    };
    if let Err(error) = add(&target.dir, run) {
        output::note(&format!(
            "warning: {} cannot be written, so `tablefeed status` misses this run: {error}",
            target.dir.join(FILE).display()
        ));
    }
}

/// The runs that are known, the latest last.
pub fn last(dir: &Path) -> Vec<Run> {
    let text = fs::read_to_string(dir.join(FILE)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn add(dir: &Path, run: Run) -> io::Result<()> {
    let mut runs = last(dir);
    runs.push(run);
    let first = runs.len().saturating_sub(KEPT);
    let lines = runs[first..].iter().map(serde_json::to_string).collect::<Result<Vec<String>, _>>()?;
    let unfinished = dir.join(format!("{FILE}.{}", std::process::id()));
    fs::write(&unfinished, lines.join("\n") + "\n")?;
    fs::rename(unfinished, dir.join(FILE))
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_runs_are_kept_and_a_broken_line_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "broken\n").unwrap();
        let run = |at| Run {
            at,
            command: "invoke".to_owned(),
            source: "f".to_owned(),
            table: "T".to_owned(),
            documents: 1,
            outcomes: BTreeMap::new(),
            letters: BTreeMap::new(),
            systemic_failure: None,
        };
        (0..7).for_each(|at| add(dir.path(), run(at)).unwrap());
        let kept: Vec<u64> = last(dir.path()).iter().map(|run| run.at).collect();
        assert_eq!(kept, [2, 3, 4, 5, 6]);
    }
}
