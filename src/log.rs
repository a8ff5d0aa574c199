//! The lines of a function's log, each one JSON object: how loud, what all lines of an invocation say, and its line of metrics.
//! Prints nothing. The three functions share it.

use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde_json::{Map, Value, json};

use crate::emf::{self, Metric};
use crate::invocation::Invocation;

/// How much is logged; each level includes those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    /// Its name in log lines.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
        }
    }
}

/// How a function logs, as its settings say.
#[derive(Debug, Clone)]
pub struct Logging {
    pub service: String,
    pub level: LogLevel,
    /// Which variable decided on the level, and what each said.
    pub decided: String,
    /// The share of invocations that are logged at DEBUG, 0 to 1.
    pub sample_rate: f64,
    /// Whether there are lines of metrics.
    pub metrics: bool,
    pub namespace: String,
    /// What is legal but probably not meant.
    pub warnings: Vec<String>,
}

impl Logging {
    /// Lines for the start of the function.
    pub fn first_lines(&self) -> impl Iterator<Item = String> {
        let decided = (self.level == LogLevel::Debug).then(|| event_line(LogLevel::Debug, &self.decided));
        self.warnings.iter().map(|warning| event_line(LogLevel::Warn, warning)).chain(decided)
    }

    /// The level of one invocation; `chance` in 0..1 decides whether it is one of those that are logged at DEBUG.
    pub fn sampled_level(&self, chance: f64) -> LogLevel {
        if chance < self.sample_rate { LogLevel::Debug } else { self.level }
    }

    /// A line of an invocation; `facts` are an object, or null where there are none.
    pub fn line(&self, invocation: &Invocation, level: LogLevel, message: &str, facts: Value) -> String {
        let mut line = Map::from_iter([
            ("level".to_owned(), json!(level.name())),
            ("timestamp".to_owned(), json!(timestamp(invocation.now))),
            ("message".to_owned(), json!(message)),
            ("service".to_owned(), json!(self.service)),
            ("function_request_id".to_owned(), json!(invocation.request_id)),
            ("cold_start".to_owned(), json!(invocation.cold_start)),
        ]);
        line.extend(invocation.trace_id.iter().map(|trace_id| ("xray_trace_id".to_owned(), json!(trace_id))));
        if let Value::Object(facts) = facts {
            line.extend(facts);
        }
        Value::Object(line).to_string()
    }

    /// An invocation's line of metrics, unless there are to be none.
    pub fn metrics<R>(&self, invocation: &Invocation, metrics: &[Metric<R>], of: &R) -> Option<String> {
        let head =
            emf::Head { namespace: &self.namespace, service: &self.service, request_id: &invocation.request_id, time: invocation.now };
        self.metrics.then(|| emf::line(head, metrics, of))
    }
}

/// A line that belongs to no invocation.
pub fn event_line(level: LogLevel, message: &str) -> String {
    json!({"level": level.name(), "timestamp": timestamp(SystemTime::now()), "message": message}).to_string()
}

/// RFC 3339 in UTC.
fn timestamp(time: SystemTime) -> String {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}
