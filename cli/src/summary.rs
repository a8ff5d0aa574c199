//! What the invocations of one run did together, as JSON or as text.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tablefeed::persist::Handled;
use tablefeed::write::outcome::Outcome;

use crate::exit::Exit;
use crate::text_table;

/// Sums over all invocations; `response`, `checkpoint` and `batch_id` are those of the last one.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub records: u64,
    pub documents: u64,
    pub outcomes: BTreeMap<&'static str, u64>,
    /// By reason code.
    pub letters: BTreeMap<&'static str, u64>,
    /// Not counted in the cloud.
    pub items_before: Option<u64>,
    pub items_after: Option<u64>,
    pub calls: Calls,
    pub response: Value,
    pub checkpoint: Option<String>,
    pub batch_id: Option<String>,
    pub systemic_failure: Option<String>,
    pub queue_refusal: Option<String>,
    pub invocations: u64,
    pub seconds: f64,
    #[serde(skip)]
    table: String,
    #[serde(skip)]
    unfinished: bool,
}

/// Calls of the function alone.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Calls {
    get_parameter: u64,
    batch_write_item: u64,
    /// `PutItem` and `DeleteItem`, of `WRITE_MODE=newest` alone.
    #[serde(skip_serializing_if = "is_zero")]
    single_writes: u64,
    send_message_batch: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Calls {
    /// Asks for each operation's count.
    pub fn counted(count: impl Fn(&str) -> u64) -> Calls {
        Calls {
            get_parameter: count("GetParameter"),
            batch_write_item: count("BatchWriteItem"),
            single_writes: count("PutItem") + count("DeleteItem"),
            send_message_batch: count("SendMessageBatch"),
        }
    }
}

impl Summary {
    pub fn new(table: &str) -> Summary {
        Summary {
            records: 0,
            documents: 0,
            outcomes: Outcome::ALL.iter().map(|outcome| (outcome.name(), 0)).collect(),
            letters: BTreeMap::new(),
            items_before: None,
            items_after: None,
            calls: Calls::default(),
            response: Value::Null,
            checkpoint: None,
            batch_id: None,
            systemic_failure: None,
            queue_refusal: None,
            invocations: 0,
            seconds: 0.0,
            table: table.to_owned(),
            unfinished: false,
        }
    }

    /// Adds one invocation.
    pub fn add(&mut self, handled: &Handled, took: Duration) -> serde_json::Result<()> {
        let report = &handled.report;
        self.invocations += 1;
        self.seconds += took.as_secs_f64();
        self.records += report.records as u64;
        self.documents += report.outcomes.documents();
        for outcome in Outcome::ALL {
            *self.outcomes.entry(outcome.name()).or_default() += report.outcomes.of(outcome);
        }
        for (reason, count) in report.reasons() {
            *self.letters.entry(reason).or_default() += count;
        }
        self.calls.get_parameter += u64::from(report.calls.get_parameter);
        self.calls.batch_write_item += u64::from(report.calls.batch_write_item);
        self.calls.single_writes += u64::from(report.calls.single_writes);
        self.calls.send_message_batch += u64::from(report.calls.send_message_batch);
        self.response = match &handled.response {
            Ok(response) => serde_json::to_value(response)?,
            Err(error) => json!({"errorMessage": error.to_string()}),
        };
        self.checkpoint.clone_from(&report.checkpoint);
        self.batch_id = report.batch.as_ref().map(|batch| batch.id.clone());
        self.systemic_failure = report.systemic.clone().or(self.systemic_failure.take());
        self.queue_refusal = report.queue_refusal.clone().or(self.queue_refusal.take());
        self.unfinished |= report.checkpoint.is_some() || report.systemic.is_some();
        Ok(())
    }

    /// Done only if every invocation was.
    pub fn exit(&self) -> Exit {
        if self.unfinished { Exit::Unfinished } else { Exit::Done }
    }

    /// The table that was written to.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// On one line.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// For people. `source` says where the event is from, `target` and `queue` are the options that lead other commands to the same place.
    pub fn lines(&self, source: &str, target: &str, queue: &str) -> Vec<String> {
        let mut lines = vec![format!("{source}: {}", self.came())];
        lines.push(String::new());
        lines.extend(self.tables());
        lines.push(String::new());
        lines.extend(self.facts().into_iter().map(|(name, fact)| format!("{name:10} {fact}")));
        lines.push(String::new());
        lines.extend(self.see(target, queue));
        lines
    }

    /// Outcomes, and letters by reason if there are any.
    pub fn tables(&self) -> Vec<String> {
        let mut lines = text_table::lines(&self.outcome_rows());
        if !self.letters.is_empty() {
            lines.push(String::new());
            let head = vec!["letters by reason".to_owned(), "letters".to_owned()];
            let rows = self.letters.iter().map(|(reason, count)| vec![(*reason).to_owned(), count.to_string()]);
            lines.extend(text_table::lines(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
        }
        lines
    }

    /// The commands that show what was written.
    pub fn see(&self, target: &str, queue: &str) -> [String; 2] {
        [format!("see        tablefeed items {}{target}", self.table), format!("           tablefeed letters{queue}{target}")]
    }

    fn came(&self) -> String {
        let invocations = if self.invocations == 1 { String::new() } else { format!(" in {} invocations", self.invocations) };
        format!("{}, {}{invocations}", counted(self.records, "record"), counted(self.documents, "document"))
    }

    fn outcome_rows(&self) -> Vec<Vec<String>> {
        let row = |name: &str, count: &str| vec![name.to_owned(), count.to_owned()];
        let mut rows = vec![row("outcome", "documents")];
        rows.extend(Outcome::ALL.iter().map(|outcome| row(outcome.name(), &self.outcomes[outcome.name()].to_string())));
        rows.push(row("total", &self.documents.to_string()));
        rows
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let items = match (self.items_before, self.items_after) {
            (Some(before), Some(after)) => format!("{before} before, {after} after, in {}", self.table),
            _ => format!("in {}; not counted, because a scan in the cloud costs money", self.table),
        };
        let Calls { get_parameter, batch_write_item, single_writes, send_message_batch } = self.calls;
        let writes = match single_writes {
            0 => format!("BatchWriteItem {batch_write_item}"),
            _ => format!("PutItem and DeleteItem {single_writes}"),
        };
        let calls = format!("GetParameter {get_parameter}, {writes}, SendMessageBatch {send_message_batch}");
        let speed = f64::from(u32::try_from(self.records).unwrap_or(u32::MAX)) / self.seconds.max(f64::EPSILON);
        let mut facts = vec![("items", items), ("calls", calls), ("time", format!("{:.3} s, {speed:.0} records/s", self.seconds))];
        let optional = [
            ("batch id", &self.batch_id),
            ("checkpoint", &self.checkpoint),
            ("systemic", &self.systemic_failure),
            ("queue", &self.queue_refusal),
        ];
        facts.extend(optional.into_iter().filter_map(|(name, fact)| Some((name, fact.clone()?))));
        facts.push(("response", self.response.to_string()));
        facts
    }
}

/// A number and its noun.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
