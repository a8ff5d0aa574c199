//! Counts of what was answered and stored, as Prometheus' text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tablefeed::persist::direct::{Fared, Stored};
use tablefeed::write::outcome::Outcome;
use tablefeed::write::progress::Written;
use tablefeed::write::tally::Tally;

/// Upper bounds of the buckets of a request's time, in seconds.
const BUCKETS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The counts since the start.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    pub(crate) requests: BTreeMap<u16, u64>,
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    pub(crate) tally: Tally,
    /// Requests that took at most as long as the bucket's bound.
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    pub(crate) answered: u64,
}

/// What one spool is doing.
#[derive(Debug, Clone)]
pub struct SpoolState {
    /// Where it leads, without credentials or path.
    pub host: String,
    pub waiting: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    pub forwarded: u64,
    /// Why the last try failed, if it did.
    pub trouble: Option<String>,
}

impl Metrics {
    /// A POST was answered.
    pub fn answered(&self, status: u16, took: Duration) {
        let mut counts = self.counts();
        *counts.requests.entry(status).or_default() += 1;
        counts.answered += 1;
        counts.seconds += took.as_secs_f64();
        for (bucket, _) in counts.buckets.iter_mut().zip(BUCKETS).filter(|(_, bound)| took.as_secs_f64() <= *bound) {
            *bucket += 1;
        }
    }

    /// The table was called, for one request or several.
    pub fn written(&self, written: &Written) {
        self.counts().tally.add(&written.tally);
    }

    /// Documents fared somehow.
    pub fn stored(&self, stored: &Stored) {
        let mut counts = self.counts();
        for fared in &stored.fared {
            let outcome = match fared {
                Fared::Ended(outcome) => *outcome,
                Fared::Unfit(_) => Outcome::Rejected,
                Fared::Refused(_) => Outcome::Failed,
                Fared::Unfinished => Outcome::Retry,
            };
            *counts.outcomes.entry(outcome).or_default() += 1;
        }
    }

    /// In Prometheus' text format, version 0.0.4.
    pub fn text(&self, spools: &[SpoolState]) -> String {
        let counts = self.counts();
        let mut text = String::new();
        let requests = counts.requests.iter().map(|(status, count)| (format!("{{status=\"{status}\"}}"), *count));
        family(&mut text, "requests_total", "counter", "POSTs answered, by status", requests);
        let outcomes = counts.outcomes.iter().map(|(outcome, count)| (format!("{{outcome=\"{}\"}}", outcome.name()), *count));
        family(&mut text, "documents_total", "counter", "Documents, by outcome", outcomes);
        for (name, help, count) in [
            ("writes_total", "Calls that write to the table", counts.tally.calls),
            ("write_retries_total", "Write requests that were sent again", counts.tally.retries),
            ("write_throttles_total", "Answers of the table that asked for fewer calls", counts.tally.throttles),
        ] {
            family(&mut text, name, "counter", help, [(String::new(), count.into())]);
        }
        counts.histogram(&mut text);
        let of_spools =
            |value: fn(&SpoolState) -> u64| spools.iter().map(move |spool| (format!("{{host=\"{}\"}}", spool.host), value(spool)));
        family(&mut text, "spool_entries", "gauge", "Bodies that wait for the next module", of_spools(|spool| spool.waiting));
        family(&mut text, "spool_bytes", "gauge", "Bytes that wait for the next module", of_spools(|spool| spool.bytes));
        family(&mut text, "forwarded_total", "counter", "Bodies that the next module took", of_spools(|spool| spool.forwarded));
        let failing = of_spools(|spool| u64::from(spool.trouble.is_some()));
        family(&mut text, "forward_failing", "gauge", "1 while the next module takes nothing", failing);
        text
    }

    /// What was counted since the last time this was asked, or the start.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn histogram(&self, text: &mut String) {
        let bounds = BUCKETS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let buckets = bounds.zip(self.buckets.into_iter().chain([self.answered]));
        let mut lines =
            String::from("# HELP tablefeed_ingest_request_seconds Time of a POST\n# TYPE tablefeed_ingest_request_seconds histogram\n");
        for (bound, count) in buckets {
            line(&mut lines, &format!("request_seconds_bucket{{le=\"{bound}\"}}"), count);
        }
        line(&mut lines, "request_seconds_sum", self.seconds);
        line(&mut lines, "request_seconds_count", self.answered);
        text.push_str(&lines);
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str, values: impl IntoIterator<Item = (String, u64)>) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return;
    }
    writeln!(text, "# HELP tablefeed_ingest_{name} {help}\n# TYPE tablefeed_ingest_{name} {kind}").unwrap_or_default();
    for (labels, value) in values {
        line(text, &format!("{name}{labels}"), value);
    }
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    writeln!(text, "tablefeed_ingest_{name} {value}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_everything_has_a_line() {
        let metrics = Metrics::default();
        metrics.answered(204, Duration::from_millis(7));
        metrics.answered(503, Duration::from_secs(60));
        metrics.stored(&Stored { fared: vec![Fared::Ended(Outcome::Persisted), Fared::Unfinished], ..Stored::default() });
        metrics.written(&Written { tally: Tally { calls: 2, ..Tally::default() }, ..Written::default() });
        let text = metrics.text(&[]);
        for wanted in [
            "requests_total{status=\"204\"} 1",
            "documents_total{outcome=\"retry\"} 1",
            "writes_total 2",
            "request_seconds_bucket{le=\"0.005\"} 0",
            "request_seconds_bucket{le=\"0.01\"} 1",
            "request_seconds_bucket{le=\"10\"} 1",
            "request_seconds_bucket{le=\"+Inf\"} 2",
            "request_seconds_count 2",
        ] {
            assert!(text.lines().any(|line| line.strip_prefix("tablefeed_ingest_") == Some(wanted)), "{wanted}: {text}");
        }
        assert!(!text.contains("spool"));
    }
}
