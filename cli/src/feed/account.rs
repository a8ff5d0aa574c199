//! What a run over a file did, as JSON or as text.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::lines::LONGEST_LINE;
use crate::exit::Exit;
use crate::summary::{Summary, counted};

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every line is done or discarded.
    Finished,
    /// A signal came.
    Stopped,
    /// Nothing was completed for as long as was allowed.
    GaveUp,
    /// The next line is longer than a record can be.
    LineTooLong,
    /// The file ended before the size that it had at the beginning.
    FileShrank,
}

/// Counts of one run.
#[derive(Debug)]
pub struct Account {
    /// Sums over deliveries: a document that is delivered twice counts twice.
    pub deliveries: Summary,
    /// Deliveries with records that were delivered before in this run.
    pub retries: u64,
    /// Lines done or discarded.
    pub lines: u64,
    pub discarded: u64,
    pub end: End,
    /// Every line that begins in front of this byte is done or discarded.
    pub checkpoint: u64,
    /// Bytes of the file.
    pub size: u64,
    pub took: Duration,
}

impl Account {
    /// Nothing was fed yet.
    pub fn new(table: &str) -> Account {
        Account {
            deliveries: Summary::new(table),
            retries: 0,
            lines: 0,
            discarded: 0,
            end: End::Finished,
            checkpoint: 0,
            size: 0,
            took: Duration::ZERO,
        }
    }

    /// Lines a second.
    fn speed(&self) -> f64 {
        f64::from(u32::try_from(self.lines).unwrap_or(u32::MAX)) / self.took.as_secs_f64().max(f64::EPSILON)
    }

    pub fn exit(&self) -> Exit {
        if self.end == End::Finished && self.discarded == 0 { Exit::Done } else { Exit::Unfinished }
    }

    /// On one line.
    pub fn json(&self) -> String {
        let deliveries = &self.deliveries;
        json!({
            "end": self.end,
            "lines": self.lines,
            "records": deliveries.records,
            "documents": deliveries.documents,
            "outcomes": deliveries.outcomes,
            "letters": deliveries.letters,
            "discarded": self.discarded,
            "invocations": deliveries.invocations,
            "retries": self.retries,
            "seconds": self.took.as_secs_f64(),
            "checkpoint": self.checkpoint,
            "size": self.size,
            "batch_id": deliveries.batch_id,
            "systemic_failure": deliveries.systemic_failure,
            "queue_refusal": deliveries.queue_refusal,
        })
        .to_string()
    }

    /// On the line that is there while it runs.
    pub fn live(&self) -> String {
        let letters: u64 = self.deliveries.letters.values().sum();
        let letters = counted(letters, "letter");
        format!(
            "{}, {:.0} records/s, retries {}, {letters}, byte {} of {}",
            counted(self.lines, "record"),
            self.speed(),
            self.retries,
            self.checkpoint,
            self.size
        )
    }

    /// For people. `discards` is the file of discarded records; `target` and `queue` are the options that lead other commands to the same
    /// place.
    pub fn lines(&self, file: &str, discards: &str, target: &str, queue: &str) -> Vec<String> {
        let mut lines = vec![format!("{file}: {}", self.came())];
        lines.push(String::new());
        lines.extend(self.deliveries.tables());
        lines.push(String::new());
        let facts = self.facts(discards).into_iter();
        lines.extend(facts.filter_map(|(name, fact)| Some(format!("{name:11} {}", fact?))));
        lines.push(String::new());
        lines.extend(self.deliveries.see(target, queue));
        lines
    }

    fn came(&self) -> String {
        let lines = counted(self.lines, "line");
        match self.end {
            End::Finished if self.lines == 0 => "nothing new; --from-start feeds it again from its beginning".to_owned(),
            End::Finished => lines,
            End::Stopped => format!("{lines}, then stopped; the same command goes on"),
            End::GaveUp => format!("{lines}, then given up, because nothing was completed any more; the same command goes on"),
            End::LineTooLong => format!(
                "{lines}, then a line of more than {LONGEST_LINE} bytes, which no record can hold; take the line at byte {} out",
                self.checkpoint
            ),
            End::FileShrank => format!("{lines}, then the file had become shorter"),
        }
    }

    fn facts(&self, discards: &str) -> [(&'static str, Option<String>); 8] {
        let deliveries = &self.deliveries;
        [
            ("invocations", Some(deliveries.invocations.to_string())),
            ("retries", Some(self.retries.to_string())),
            ("discarded", (self.discarded > 0).then(|| format!("{}, in {discards}", counted(self.discarded, "record")))),
            ("time", Some(format!("{:.3} s, {:.0} records/s", self.took.as_secs_f64(), self.speed()))),
            ("checkpoint", Some(format!("byte {} of {}", self.checkpoint, self.size))),
            ("batch id", deliveries.batch_id.clone()),
            ("systemic", deliveries.systemic_failure.clone()),
            ("queue", deliveries.queue_refusal.clone()),
        ]
    }
}
