//! What an invocation did, as values: one log line and one line of metrics. Prints nothing, and never holds record contents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::batch_id::Batch;
use super::metrics::PERSIST_METRICS;
use super::post::LetterNote;
use crate::decode::event::Kind;
use crate::invocation::Invocation;
use crate::log::{LogLevel, Logging};
use crate::write::outcome::{Counts, Outcome};
use crate::write::tally::Tally;

/// Calls to AWS that were begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    pub get_parameter: u32,
    pub batch_write_item: u32,
    /// `PutItem` and `DeleteItem`, which `WRITE_MODE=newest` uses instead.
    pub single_writes: u32,
    pub send_message_batch: u32,
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

    /// When the last stage ended, if the first began at `begin`.
    pub fn end_of(&self, begin: SystemTime) -> SystemTime {
        begin + (self.last - self.begin)
    }

    fn milliseconds(&self) -> Map<String, Value> {
        let total = ("total", self.last - self.begin);
        self.ended.iter().chain([&total]).map(|(stage, took)| ((*stage).to_owned(), milliseconds(*took).into())).collect()
    }
}

fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 1e2
}

/// How long records took from their arrival to the end of their invocation, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Half of the records took no more.
    pub p50: u64,
    pub max: u64,
}

impl Lag {
    /// Of records that arrived at these seconds since 1970. `None` if there are none.
    pub fn of(mut arrivals: Vec<f64>, end: SystemTime) -> Option<Lag> {
        let oldest = arrivals.iter().copied().reduce(f64::min)?;
        let middle = arrivals.len() / 2;
        let (_, median, _) = arrivals.select_nth_unstable_by(middle, f64::total_cmp);
        let since = |arrival| Some(since_epoch(end).saturating_sub(Duration::try_from_secs_f64(arrival).ok()?));
        let milliseconds = |arrival| u64::try_from(since(arrival)?.as_millis()).ok();
        Some(Lag { p50: milliseconds(*median)?, max: milliseconds(oldest)? })
    }
}

/// What one invocation did.
#[derive(Debug)]
pub struct Report {
    pub invocation: Invocation,
    pub logging: Arc<Logging>,
    pub dry_run: bool,
    /// What delivered the event.
    pub kind: Kind,
    pub records: usize,
    /// Of the records' data, as they came.
    pub bytes: usize,
    /// Of the data that were decoded.
    pub decompressed_bytes: usize,
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
    pub lag: Option<Lag>,
    pub calls: Calls,
    pub writes: Tally,
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
        let mut facts = json!({
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
            "write_retries": self.writes.retries,
            "write_throttles": self.writes.throttles,
            "lag_ms": self.lag.map(|lag| lag.max),
            "stages_ms": self.stages.milliseconds(),
        });
        let causes =
            [("systemic_failure", &self.systemic), ("write_trouble", &self.writes.trouble), ("queue_refusal", &self.queue_refusal)];
        for (name, cause) in causes {
            if let Some(cause) = cause {
                facts[name] = cause.as_str().into();
            }
        }
        self.logging.line(&self.invocation, self.level(), self.message(), facts)
    }

    /// One line of JSON for each letter, for DEBUG.
    pub fn letter_lines(&self) -> impl Iterator<Item = String> {
        self.letters.iter().map(|letter| {
            let facts = json!({
                "id": letter.id.to_string(),
                "reason": letter.reason.code(),
                "error": letter.error,
                "sequence": letter.sequence,
                "sub_sequence": letter.sub_sequence,
            });
            self.logging.line(&self.invocation, LogLevel::Debug, "letter", facts)
        })
    }

    /// The line of metrics, if there is to be one.
    pub fn metrics(&self) -> Option<String> {
        self.logging.metrics(&self.invocation, PERSIST_METRICS, self)
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

    /// Seconds since the batch id was set.
    pub fn batch_age(&self) -> Option<u64> {
        self.invocation.now.duration_since(self.batch.as_ref()?.since?).ok().map(|age| age.as_secs())
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_records_took_no_more_than_the_median_lag() {
        let end = UNIX_EPOCH + Duration::from_secs(100);
        let lag = |arrivals: &[f64]| Lag::of(arrivals.to_vec(), end).map(|lag| (lag.p50, lag.max));
        assert_eq!(lag(&[]), None);
        assert_eq!(lag(&[99.5]), Some((500, 500)));
        assert_eq!(lag(&[98.0, 90.0, 99.0]), Some((2_000, 10_000)));
        assert_eq!(lag(&[97.0, 98.0, 90.0, 99.0]), Some((2_000, 10_000)));
        assert_eq!(lag(&[101.0]), Some((0, 0)));
    }
}
