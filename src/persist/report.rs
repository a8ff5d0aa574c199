//! What an invocation did, as values: one log line and one line of metrics. Prints nothing, and never holds record contents.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::batch_id::Batch;
use super::handler::Invocation;
use super::post::LetterNote;
use crate::decode::event::Kind;
use crate::settings::LogLevel;
use crate::write::outcome::{Counts, Outcome};

/// Calls to AWS that were begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    pub get_parameter: u32,
    pub batch_write_item: u32,
    /// `PutItem` and `DeleteItem`, which `WRITE_MODE=newest` uses instead.
    pub single_writes: u32,
    pub send_message_batch: u32,
    /// Write requests that had to be sent again.
    pub retries: u32,
    /// Answers of the table that asked for fewer calls.
    pub throttles: u32,
}

/// How long each stage took.
#[derive(Debug)]
pub struct Stages {
    begin: Instant,
    last: Instant,
    ended: Vec<(&'static str, Duration)>,
}

impl Stages {
    pub fn begin() -> Self {
        let now = Instant::now();
        Stages { begin: now, last: now, ended: Vec::new() }
    }

    /// Ends a part of a stage, which began when the one before it ended.
    pub fn end(&mut self, stage: &'static str) {
        let now = Instant::now();
        let took = now - self.last;
        match self.ended.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, before)) => *before += took,
            None => self.ended.push((stage, took)),
        }
        self.last = now;
    }

    fn milliseconds(&self) -> Map<String, Value> {
        let total = ("total", self.last - self.begin);
        self.ended.iter().chain([&total]).map(|(stage, took)| ((*stage).to_owned(), milliseconds(*took).into())).collect()
    }
}

fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 1e2
}

/// What one invocation did.
#[derive(Debug)]
pub struct Report {
    pub invocation: Invocation,
    pub dry_run: bool,
    pub service: String,
    pub namespace: String,
    /// What delivered the event.
    pub kind: Kind,
    pub records: usize,
    pub outcomes: Counts,
    /// The letters that the queue accepted.
    pub letters: Vec<LetterNote>,
    /// The first unfinished record: the reported sequence number; for Kafka topic and partition, a colon, the offset.
    pub checkpoint: Option<String>,
    /// Why nothing or not everything was written, if no record was at fault.
    pub systemic: Option<String>,
    /// Why the queue did not accept a letter.
    pub queue_refusal: Option<String>,
    pub batch: Option<Batch>,
    /// Seconds since 1970 at which the oldest record came into the stream.
    pub oldest_arrival: Option<f64>,
    pub calls: Calls,
    pub stages: Stages,
}

impl Report {
    /// How loud the log line is.
    pub fn level(&self) -> LogLevel {
        if self.systemic.is_some() || self.queue_refusal.is_some() {
            LogLevel::Error
        } else if self.checkpoint.is_some() || !self.letters.is_empty() || self.dry_run {
            LogLevel::Warn
        } else {
            LogLevel::Info
        }
    }

    /// The invocation in one line of JSON.
    pub fn log_line(&self) -> String {
        let outcomes: Map<String, Value> =
            Outcome::ALL.iter().map(|outcome| (outcome.name().to_owned(), self.outcomes.of(*outcome).into())).collect();
        let mut line = json!({
            "level": level_name(self.level()),
            "timestamp": timestamp(self.invocation.now),
            "message": self.message(),
            "function_request_id": self.invocation.request_id,
            "service": self.service,
            "records": self.records,
            "documents": self.outcomes.documents(),
            "outcomes": outcomes,
            "letters": self.reasons(),
            "checkpoint": self.checkpoint,
            "batch_id": self.batch.as_ref().map(|batch| &batch.id),
            "calls": {
                "GetParameter": self.calls.get_parameter,
                "BatchWriteItem": self.calls.batch_write_item,
                "SingleWrites": self.calls.single_writes,
                "SendMessageBatch": self.calls.send_message_batch,
            },
            "write_retries": self.calls.retries,
            "write_throttles": self.calls.throttles,
            "lag_ms": self.lag(),
            "stages_ms": self.stages.milliseconds(),
        });
        let causes = [("systemic_failure", &self.systemic), ("queue_refusal", &self.queue_refusal)];
        for (name, cause) in causes {
            if let Some(cause) = cause {
                line[name] = cause.as_str().into();
            }
        }
        line.to_string()
    }

    /// One line of JSON for each letter, for DEBUG.
    pub fn letter_lines(&self) -> impl Iterator<Item = String> {
        self.letters.iter().map(|letter| {
            json!({
                "level": "DEBUG",
                "message": "letter",
                "function_request_id": self.invocation.request_id,
                "id": letter.id.to_string(),
                "reason": letter.reason.code(),
                "error": letter.error,
                "sequence": letter.sequence,
                "sub_sequence": letter.sub_sequence,
            })
            .to_string()
        })
    }

    /// The counts in CloudWatch's embedded metric format, on one line.
    pub fn metrics(&self) -> String {
        let count = |name: &'static str, value: u64| (name, "Count", json!(value));
        let mut metrics: Vec<(&str, &str, Value)> =
            Outcome::ALL.iter().map(|outcome| count(outcome.metric(), self.outcomes.of(*outcome))).collect();
        metrics.push(count("Letters", self.letters.len() as u64));
        metrics.push(count("SystemicFailure", u64::from(self.systemic.is_some())));
        metrics.push(count("DryRun", u64::from(self.dry_run)));
        metrics.push(count("WriteRequests", u64::from(self.calls.batch_write_item + self.calls.single_writes)));
        metrics.push(count("WriteRetries", u64::from(self.calls.retries)));
        metrics.push(count("WriteThrottles", u64::from(self.calls.throttles)));
        metrics.extend(self.batch_age().map(|age| ("BatchIdAge", "Seconds", json!(age))));
        metrics.extend(self.lag().map(|lag| ("Lag", "Milliseconds", json!(lag))));
        let definitions: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": u64::try_from(since_epoch(self.invocation.now).as_millis()).unwrap_or_default(),
                "CloudWatchMetrics": [{"Namespace": self.namespace, "Dimensions": [["service"]], "Metrics": definitions}],
            },
            "service": self.service,
            "function_request_id": self.invocation.request_id,
        });
        for (name, _, value) in metrics {
            line[name] = value;
        }
        line.to_string()
    }

    /// Letters by reason.
    pub fn reasons(&self) -> BTreeMap<&'static str, u64> {
        let mut reasons = BTreeMap::new();
        for letter in &self.letters {
            *reasons.entry(letter.reason.code()).or_default() += 1;
        }
        reasons
    }

    fn message(&self) -> &'static str {
        if self.systemic.is_some() {
            "stopped: no record is at fault"
        } else if self.dry_run {
            "dry run: nothing was written"
        } else if self.checkpoint.is_some() && self.kind == Kind::Kafka {
            "not done: the whole event is delivered again"
        } else if self.checkpoint.is_some() {
            "partly done: the rest is delivered again"
        } else {
            "done"
        }
    }

    /// Milliseconds from the oldest record's arrival to the beginning of the invocation.
    fn lag(&self) -> Option<u64> {
        let arrival = Duration::try_from_secs_f64(self.oldest_arrival?).ok()?;
        u64::try_from(since_epoch(self.invocation.now).saturating_sub(arrival).as_millis()).ok()
    }

    /// Seconds since the batch id was set.
    fn batch_age(&self) -> Option<u64> {
        self.invocation.now.duration_since(self.batch.as_ref()?.since?).ok().map(|age| age.as_secs())
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A log line that belongs to no invocation.
pub fn event_line(level: LogLevel, message: &str) -> String {
    json!({"level": level_name(level), "timestamp": timestamp(SystemTime::now()), "message": message}).to_string()
}

/// The name of a level in log lines.
fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "DEBUG",
        LogLevel::Info => "INFO",
        LogLevel::Warn => "WARN",
        LogLevel::Error => "ERROR",
    }
}

/// RFC 3339 in UTC.
fn timestamp(time: SystemTime) -> String {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}
