//! What a run over a topic did, as JSON or as text.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;
use tablefeed_topic::{End, Ended};

use crate::exit::Exit;
use crate::summary::{Summary, counted};

/// Counts of one run.
#[derive(Debug)]
pub struct Account {
    pub topic: String,
    pub group: String,
    /// Sums over deliveries: a document that is delivered twice counts twice.
    pub deliveries: Summary,
    /// Deliveries with records that were delivered before in this run.
    pub retries: u64,
    /// Records that are done.
    pub done: u64,
    /// What this member of the group has now.
    pub partitions: usize,
    pub begun: Instant,
    pub ended: Option<Ended>,
}

impl Account {
    /// Done, unless an event that was delivered is unfinished.
    pub fn exit(&self) -> Exit {
        if self.ended.as_ref().is_some_and(|ended| !ended.unfinished) { Exit::Done } else { Exit::Unfinished }
    }

    /// On one line.
    pub fn json(&self) -> String {
        let deliveries = &self.deliveries;
        json!({
            "end": self.ended.as_ref().map(|ended| if ended.end == End::Finished { "finished" } else { "stopped" }),
            "topic": self.topic,
            "group": self.group,
            "done": self.done,
            "records": deliveries.records,
            "documents": deliveries.documents,
            "outcomes": deliveries.outcomes,
            "letters": deliveries.letters,
            "invocations": deliveries.invocations,
            "retries": self.retries,
            "seconds": self.begun.elapsed().as_secs_f64(),
            "committed": self.committed().collect::<BTreeMap<_, _>>(),
            "batch_id": deliveries.batch_id,
            "systemic_failure": deliveries.systemic_failure,
            "queue_refusal": deliveries.queue_refusal,
        })
        .to_string()
    }

    /// On the line that is there while it runs.
    pub fn live(&self) -> String {
        let letters: u64 = self.deliveries.letters.values().sum();
        let (done, letters) = (counted(self.done, "record"), counted(letters, "letter"));
        let partitions = counted(self.partitions as u64, "partition");
        format!("{done}, {:.0} records/s, retries {}, {letters}, {partitions}", self.speed(), self.retries)
    }

    /// For people. `target` and `queue` are the options that lead other commands to the same place.
    pub fn lines(&self, target: &str, queue: &str) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.topic, self.came())];
        lines.push(String::new());
        lines.extend(self.deliveries.tables());
        lines.push(String::new());
        lines.extend(self.facts().into_iter().filter_map(|(name, fact)| Some(format!("{name:11} {}", fact?))));
        lines.push(String::new());
        lines.extend(self.deliveries.see(target, queue));
        lines
    }

    fn came(&self) -> String {
        let done = counted(self.done, "record");
        match &self.ended {
            Some(Ended { end: End::Finished, .. }) if self.done == 0 => {
                format!("nothing new for the group {}; another --group reads it again", self.group)
            }
            Some(Ended { end: End::Finished, .. }) => done,
            Some(Ended { unfinished: true, .. }) => format!("{done}, then stopped with an event unfinished; the same command goes on"),
            _ => format!("{done}, then stopped; the same command goes on"),
        }
    }

    fn facts(&self) -> [(&'static str, Option<String>); 8] {
        let deliveries = &self.deliveries;
        let committed: Vec<String> = self.committed().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
        [
            ("group", Some(self.group.clone())),
            ("invocations", Some(deliveries.invocations.to_string())),
            ("retries", Some(self.retries.to_string())),
            ("time", Some(format!("{:.3} s, {:.0} records/s", self.begun.elapsed().as_secs_f64(), self.speed()))),
            ("committed", (!committed.is_empty()).then(|| committed.join(" "))),
            ("batch id", deliveries.batch_id.clone()),
            ("systemic", deliveries.systemic_failure.clone()),
            ("queue", deliveries.queue_refusal.clone()),
        ]
    }

    fn committed(&self) -> impl Iterator<Item = (i32, i64)> {
        self.ended.iter().flat_map(|ended| ended.committed.iter().copied())
    }

    /// Records a second.
    fn speed(&self) -> f64 {
        f64::from(u32::try_from(self.done).unwrap_or(u32::MAX)) / self.begun.elapsed().as_secs_f64().max(f64::EPSILON)
    }
}
