//! The way through: one invocation from event to response.
//!
//! ```text
//! event ─► records ─► documents ─► items ─► plan ─► write ─► letters ─► checkpoint ─► response
//!                                    ▲
//!          batch id (SSM), read meanwhile; nearly always the last one, of which items are made at once
//! ```
//! Nothing here fails because of a record: each document ends in the ledger, and what is unfinished is delivered again.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::streams::KinesisEventResponse;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::answer::{Answer, answer};
use super::batch_id::{Batch, BatchId, Fetched};
use super::intake;
use super::ledger::{Ledger, State};
use super::post::Post;
use super::report::{Calls, Lag, Report, Stages};
use super::table_ready::TableReady;
use crate::aws::Clients;
use crate::decode::event::{self, EventError, Kind};
use crate::invocation::Invocation;
use crate::mapping::Item;
use crate::reason::{Reason, Rejection};
use crate::settings::{OverLimit, Settings, WriteFailures};
use crate::write::letter::Sender;
use crate::write::outcome::Outcome;
use crate::write::plan::{Slot, plan};
use crate::write::progress::Written;
use crate::write::single::Condition;
use crate::write::table::TableWriter;

/// Stands for the batch id where none is read: in a dry run, and to tell filtered documents from others when SSM fails.
pub(super) const NO_BATCH: &str = "none";

/// What an invocation gives back. The caller sends the response and prints the report.
#[derive(Debug)]
pub struct Handled {
    /// An error if Lambda has to deliver the whole event again.
    pub response: Result<KinesisEventResponse, FunctionError>,
    pub report: Report,
}

/// Why an invocation fails as a whole; Lambda delivers its event again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("a record is unfinished, but neither it nor one before it has a sequence number to report")]
    NoCheckpoint,
    /// Offsets of different partitions say nothing about which is newer.
    #[error("WRITE_MODE=newest needs ORDER_BY for Kafka events: offsets of different partitions do not tell which document is newer")]
    NoOrder,
    /// Part of a Kafka event is not done.
    #[error(
        "unfinished documents: {documents}, held up first at offset {offset} of {partition}; the whole event is delivered again. The \
         function's log line says why; if it was time or size, give the function more time or the event source mapping a smaller batch"
    )]
    Unfinished { partition: String, offset: String, documents: u64 },
}

/// The function `persist`, set up once and invoked many times.
#[derive(Debug)]
pub struct Function {
    pub(super) settings: Settings,
    pub(super) clients: Clients,
    batch_id: Option<Arc<BatchId>>,
    table_ready: TableReady,
}

/// How items are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing<'a> {
    pub limit: Option<u64>,
    pub condition: Condition<'a>,
    /// Whether what could not be written in time becomes letters.
    pub to_dlq: bool,
}

impl Function {
    pub fn new(settings: Settings, clients: Clients) -> Self {
        let parameter = settings.batch_parameter.clone().filter(|_| !settings.dry_run());
        let batch_id = parameter.map(|parameter| Arc::new(BatchId::new(clients.ssm.clone(), parameter, settings.batch_id_max_age)));
        Function { settings, clients, batch_id, table_ready: TableReady::default() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Handles one event, and returns before `invocation.deadline`; where hardly any time is left, after one try of each service that is
    /// needed, a second at most for each.
    pub async fn handle(&self, event: &[u8], invocation: &Invocation) -> Result<Handled, FunctionError> {
        let mut stages = Stages::begin();
        let margin = margin(invocation.deadline.saturating_duration_since(Instant::now()), self.settings.deadline_margin);
        let until = invocation.deadline - margin;

        let tree = OnceCell::new();
        let (kind, records) = event::records(event, &tree)?;
        if kind == Kind::Kafka && self.settings.mapping.ordered_by_place_alone() {
            return Err(FunctionError::NoOrder);
        }
        let fetching = if records.is_empty() { None } else { self.start_fetching(until) };
        let payloads = intake::payloads(&records, &self.settings).await;
        let (parts, decompressed_bytes) = intake::open(&records, &payloads, &self.settings).await;
        let mut ledger = Ledger::default();
        let documents = intake::split(&records, &payloads, &parts, &mut ledger);
        stages.end("decode");

        // A batch lasts for many invocations: while its id is on its way, items are made with the last one.
        let map = |id: &str, ledger: &Ledger<'_>| intake::map(&records, &documents, &|_| Some(id), &self.settings, ledger);
        let last = fetching.as_ref().and_then(|_| self.batch_id.as_ref()?.last());
        let early = last.as_deref().map(|id| map(id, &ledger));
        stages.end("map");

        let (batch, get_parameter) = finish_fetching(fetching).await;
        let batch = self.usable(batch);
        stages.end("batch_id");

        let id = batch.as_ref().ok().and_then(Option::as_ref).map(|batch| batch.id.as_str());
        let mapped = early.filter(|_| id == last.as_deref()).unwrap_or_else(|| map(id.unwrap_or(NO_BATCH), &ledger));
        let (places, items) = intake::enter(&documents, mapped, &mut ledger);
        drop(documents);
        stages.end("map");

        let mut written = Written::default();
        if self.settings.dry_run() {
            ledger.end_all(Outcome::Skipped);
        } else if batch.is_ok() {
            let writing = Writing {
                limit: self.settings.persist_records,
                condition: self.condition(),
                to_dlq: self.settings.write_failures == WriteFailures::Dlq,
            };
            written = self.write(&places, &items, writing, until, &mut ledger).await;
        }
        stages.end("write");

        let sender = Sender { request_id: &invocation.request_id, function: &invocation.function };
        let post =
            Post { client: &self.clients.sqs, settings: &self.settings, records: &records, batch: &|_| id, sender, may_omit_data: true };
        let posted = post.send(ledger.letters(kind), &mut ledger, invocation.deadline - margin / 4).await;
        stages.end("letters");

        let newest = self.settings.mapping.order_attribute().is_some();
        let Answer { response, checkpoint } = answer(kind, &records, &ledger)?;
        let report = Report {
            invocation: invocation.clone(),
            dry_run: self.settings.dry_run(),
            logging: self.settings.logging.clone(),
            kind,
            records: records.len(),
            bytes: payloads.iter().flatten().map(Vec::len).sum(),
            decompressed_bytes,
            outcomes: ledger.counts(),
            letters: posted.notes,
            checkpoint,
            systemic: batch.as_ref().err().cloned().or(written.systemic),
            queue_refusal: posted.sent.refusal,
            lag: Lag::of(
                records.iter().filter_map(|record| record.arrival.as_deref()?.parse().ok()).collect(),
                stages.end_of(invocation.now),
            ),
            calls: Calls {
                get_parameter,
                batch_write_item: if newest { 0 } else { written.tally.calls },
                single_writes: if newest { written.tally.calls } else { 0 },
                send_message_batch: posted.sent.calls,
            },
            writes: written.tally,
            batch: batch.ok().flatten(),
            stages,
        };
        Ok(Handled { response, report })
    }

    /// Begins to read the batch id, if the mapping needs one.
    pub(super) fn start_fetching(&self, until: Instant) -> Option<JoinHandle<Fetched>> {
        let batch_id = self.batch_id.clone()?;
        Some(tokio::spawn(async move { batch_id.fetch(until).await }))
    }

    /// A batch id that cannot be the attribute that it fills is as bad as none.
    pub(super) fn usable(&self, batch: Result<Option<Batch>, String>) -> Result<Option<Batch>, String> {
        if let Ok(Some(Batch { id, .. })) = &batch {
            self.settings.mapping.check_batch(id).map_err(|problem| format!("the batch id cannot be used: {problem}"))?;
        }
        batch
    }

    /// Plans and writes items, and enters what became of each.
    pub(super) async fn write(
        &self,
        places: &[usize],
        items: &[Item],
        writing: Writing<'_>,
        until: Instant,
        ledger: &mut Ledger<'_>,
    ) -> Written {
        let plan = plan(items, writing.limit);
        // Boxed, so that the futures above it stay within the compiler's depth limit.
        let mut written = Box::pin(self.send(plan.slots, items, writing.condition, until)).await;
        ledger.enter_all(places, &mut written, writing.to_dlq);
        for item in plan.over_limit {
            ledger.entries[places[item]].state = match self.settings.over_limit {
                OverLimit::Skip => State::Ended(Outcome::Skipped),
                OverLimit::Dlq => State::Letter(Rejection::new(Reason::OverLimit, "more items than PERSIST_RECORDS in one invocation")),
            };
        }
        written
    }

    /// Writes items under no limit and enters nothing: what became of each is in the answer, by position.
    pub async fn write_items(&self, items: &[Item], until: Instant) -> Written {
        self.send(plan(items, None).slots, items, self.condition(), until).await
    }

    /// When an item may be written.
    pub(super) fn condition(&self) -> Condition<'_> {
        self.settings.mapping.order_attribute().map_or(Condition::Always, Condition::Newest)
    }

    /// Sends planned items to the table, once it is ready.
    async fn send(&self, slots: Vec<Slot>, items: &[Item], condition: Condition<'_>, until: Instant) -> Written {
        if let Err(cause) = self.table_ready.ensure(&self.clients.dynamodb, &self.settings, until).await {
            return Written { systemic: Some(cause), ..Written::unfinished(items.len()) };
        }
        let writer = TableWriter {
            client: &self.clients.dynamodb,
            table: &self.settings.table.id,
            key: self.settings.mapping.key_schema(),
            condition,
            concurrency: self.settings.write_concurrency,
            most_tries: self.settings.max_retry.unwrap_or(u32::MAX),
        };
        writer.write(slots, items, until).await
    }
}

/// The batch id, if one is needed, and the calls that it took.
pub(super) async fn finish_fetching(fetching: Option<JoinHandle<Fetched>>) -> (Result<Option<Batch>, String>, u32) {
    match fetching {
        None => (Ok(None), 0),
        Some(task) => match task.await {
            Ok(Fetched { batch, calls }) => (batch.map(Some), calls),
            Err(error) => (Err(format!("reading the batch id failed: {error}")), 0),
        },
    }
}

/// How long before the deadline writing stops: as set, else a tenth of the time there is, at least a second; never over half of it.
pub(super) fn margin(time_left: Duration, setting: Option<Duration>) -> Duration {
    setting.unwrap_or((time_left / 10).max(Duration::from_secs(1))).min(time_left / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_tenth_at_least_a_second_and_never_over_half() {
        let seconds = Duration::from_secs;
        assert_eq!(margin(seconds(60), None), seconds(6));
        assert_eq!(margin(seconds(3), None), seconds(1));
        assert_eq!(margin(seconds(1), None), Duration::from_millis(500));
        assert_eq!(margin(seconds(60), Some(seconds(2))), seconds(2));
        assert_eq!(margin(seconds(60), Some(seconds(50))), seconds(30));
    }
}
