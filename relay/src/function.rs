//! The Lambda function `relay`, on a table's stream: an event in; its records POSTed in order; out, what Lambda is told.
//!
//! ```text
//! event ─► records ─► wanted? ─► POST, again until the deadline ─► all delivered, or the first that is not
//! ```
//! What was delivered is never behind what was not: Lambda goes on at the first record that is not delivered. If the URL refuses an event's first
//! record by itself, the function fails instead, so that a mapping with BisectBatchOnFunctionError takes it from those behind it.

mod event;
mod metrics;
mod settings;

use std::time::Duration;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use tablefeed::mapping::Filter;
pub use tablefeed::persist::Invocation;
use tablefeed::persist::report::Lag;
use tokio::time::{Instant, sleep};

use crate::deliver::destination::{Destination, epoch_seconds};
use crate::deliver::effort::{Effort, Next};
use crate::deliver::parcel::{self, Parcel};
use crate::deliver::verdict::{Refusal, Verdict, judge, wait};
use crate::deliver::{DelivererError, Guard};
use crate::subscription::Declaration;
use event::Record;
pub use metrics::RELAY_METRICS;
pub use settings::{FUNCTION_SETTINGS, FunctionSettings, parse as parse_settings};

/// Kept for the answer's way back.
const MARGIN: Duration = Duration::from_millis(500);
/// Tries of a batch that the URL refuses before the refused record is looked for, and of that record, in one invocation.
const ATTEMPTS: u32 = 2;

/// The function, ready for events.
#[derive(Debug)]
pub struct Function {
    declaration: Declaration,
    destination: Destination,
    filter: Option<Filter>,
}

/// What became of an event.
#[derive(Debug)]
pub struct Handled {
    pub response: Result<DynamoDbEventResponse, FunctionError>,
    pub invocation: Invocation,
    pub records: usize,
    pub delivered: usize,
    pub filtered: usize,
    /// POSTs that were begun.
    pub posts: u32,
    pub retries: u32,
    /// Milliseconds from the oldest record's change to the end of the invocation.
    pub lag_max: Option<u64>,
    /// The last try that was in vain.
    pub error: Option<String>,
}

/// Why an invocation fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    #[error("the event cannot be read: {0}")]
    Event(String),
    /// The mapping bisects, if it is told to.
    #[error("the URL refuses record {sequence}, the event's first: {error}")]
    Refused { sequence: String, error: String },
}

/// How far the records of an event came.
struct Course<'r> {
    /// Those that are wanted, and how many of them are delivered.
    parcels: &'r [Parcel],
    delivered: usize,
    posts: u32,
    retries: u32,
    error: Option<String>,
    /// The next record was refused by itself.
    refused: bool,
}

impl Function {
    /// The URL is the operator's, so it may lead anywhere.
    pub fn new(declaration: Declaration) -> Result<Function, DelivererError> {
        let filter = declaration.filter.as_deref().map(Filter::compile).transpose().map_err(DelivererError::Filter)?;
        Ok(Function { destination: Destination::new(&declaration, Guard::Trusted)?, filter, declaration })
    }

    /// Delivers an event's records, as many as can be before the deadline.
    pub async fn handle(&self, event: &[u8], invocation: &Invocation) -> Handled {
        let begin = Instant::now();
        let (records, unreadable) = match event::read(event) {
            Ok(records) => (records, None),
            Err(problem) => (Vec::new(), Some(FunctionError::Event(problem))),
        };
        let parcel = |record: &Record<'_>| Parcel { sequence: record.sequence.to_owned(), text: record.text(self.declaration.images) };
        let parcels: Vec<Parcel> = records.iter().filter(|record| self.wants(record)).map(parcel).collect();
        let stream = records.first().and_then(|record| record.source_arn.clone()).unwrap_or_default();
        let course = self.deliver(&parcels, &stream, invocation).await;
        Handled {
            response: unreadable.map_or_else(|| response(&records, &course), Err),
            lag_max: Lag::of(records.iter().filter_map(Record::created).collect(), invocation.now + begin.elapsed()).map(|lag| lag.max),
            invocation: invocation.clone(),
            records: records.len(),
            delivered: course.delivered,
            filtered: records.len() - parcels.len(),
            posts: course.posts,
            retries: course.retries,
            error: course.error,
        }
    }

    fn wants(&self, record: &Record<'_>) -> bool {
        let events = &self.declaration.events;
        let kind = events.is_empty() || record.name.is_some_and(|name| events.contains(&name));
        kind && self.filter.as_ref().is_none_or(|filter| filter.matches(&record.json))
    }

    /// In order, until all are delivered, one is refused by itself, or time is up.
    async fn deliver<'r>(&self, parcels: &'r [Parcel], stream: &str, invocation: &Invocation) -> Course<'r> {
        let mut course = Course { parcels, delivered: 0, posts: 0, retries: 0, error: None, refused: false };
        let mut effort = Effort::new(Some(ATTEMPTS));
        let mut failures = 0;
        let batch = self.declaration.batch;
        let until = invocation.deadline.checked_sub(MARGIN).unwrap_or(invocation.deadline);
        while course.delivered < parcels.len() {
            let rest = &parcels[course.delivered..];
            let size = effort.size(parcel::fitting(rest, batch.max_records, batch.max_bytes));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let id = parcel::id(&invocation.function, stream, &rest[..size]).to_string();
            course.posts += 1;
            let answer = self.destination.post(&id, parcel::body(&rest[..size]), left).await;
            let refusal = match answer.as_ref().map(|answer| judge(answer.status, answer.retry_after.as_deref(), epoch_seconds())) {
                Ok(Verdict::Taken) => {
                    effort.succeeded(size);
                    course.delivered += size;
                    failures = 0;
                    continue;
                }
                Ok(Verdict::Gone) => None,
                Ok(Verdict::Refused(refusal)) => Some(refusal),
                Err(_) => Some(Refusal::default()),
            };
            course.error = Some(answer.as_ref().map_or_else(Clone::clone, |answer| format!("the URL answers {}", answer.status)));
            let Some(refusal) = refusal else { break };
            // Records are refused by an answer; a URL that is busy or away refuses none.
            if answer.is_ok() && !refusal.slow_down && effort.failed(size) == Next::Letter {
                course.refused = true;
                break;
            }
            failures = if effort.failures() == 0 { 1 } else { failures + 1 };
            let pause = wait(failures, refusal, fastrand::f64());
            if Instant::now() + pause >= until {
                break;
            }
            course.retries += 1;
            sleep(pause).await;
        }
        course
    }
}

/// What Lambda is told: nothing failed, or the first record that is not delivered.
fn response(records: &[Record<'_>], course: &Course<'_>) -> Result<DynamoDbEventResponse, FunctionError> {
    let mut response = DynamoDbEventResponse::default();
    let Some(undelivered) = course.parcels.get(course.delivered) else { return Ok(response) };
    let is_first = records.first().is_some_and(|record| record.sequence == undelivered.sequence);
    if course.refused && is_first && records.len() > 1 {
        let error = course.error.clone().unwrap_or_default();
        return Err(FunctionError::Refused { sequence: undelivered.sequence.clone(), error });
    }
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(undelivered.sequence.clone());
    response.batch_item_failures.push(failure);
    Ok(response)
}

impl Handled {
    /// Whether every record is delivered, or not wanted.
    pub fn is_complete(&self) -> bool {
        self.response.as_ref().is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    /// What the log says of it; nothing of a record but its sequence number.
    pub fn summary(&self) -> String {
        let Handled { response, records, delivered, filtered, retries, error, .. } = self;
        let checkpoint = response.as_ref().ok().and_then(|response| response.batch_item_failures.first()?.item_identifier.clone());
        let counts = format!("records {records}, delivered {delivered}, filtered {filtered}, retries {retries}");
        match checkpoint {
            Some(checkpoint) => format!("{counts}; {checkpoint} is not delivered: {}", error.as_deref().unwrap_or("time is up")),
            None => counts,
        }
    }
}
