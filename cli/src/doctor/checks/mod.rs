//! Every check of `tablefeed doctor`, once: its code, how bad a finding is, what it looks for, why that matters. docs/doctor.md shows this table.
//!
//! In: a [`Deployment`]. Out: a [`Verdict`] a check. Pure: one function a check, and a check that cannot see its part says so.

mod batch;
mod feed;
mod filter;
mod function;
mod order;
mod queue;
mod settings;
mod stream;
mod table;
#[cfg(test)]
mod tests;

use super::deployment::{Deployment, Feed, Seen, Unseen};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Legal, and risky.
    Warning,
    /// Records are lost, or nothing is written.
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub what: String,
    /// The command that mends it.
    pub fix: String,
}

#[derive(Debug)]
pub struct Check {
    /// Never changes.
    pub code: &'static str,
    pub severity: Severity,
    pub looks_for: &'static str,
    pub why: &'static str,
    find: fn(&Deployment) -> Seen<Vec<Trouble>>,
}

/// What a check came to; none of its troubles means that it found nothing.
#[derive(Debug)]
pub enum Verdict {
    Looked(Vec<Trouble>),
    /// Its part is missing, which another check tells, or there is none in such a deployment.
    NothingToLookAt,
    CouldNot(String),
}

impl Check {
    pub fn of(&self, deployment: &Deployment) -> Verdict {
        match (self.find)(deployment) {
            Ok(troubles) => Verdict::Looked(troubles),
            Err(Unseen::Absent | Unseen::NotPart) => Verdict::NothingToLookAt,
            Err(Unseen::Failed(why)) => Verdict::CouldNot(why),
        }
    }
}

use Severity::{Error, Warning};

macro_rules! check {
    ($severity:ident $code:literal, $find:path, $looks_for:literal, $why:literal) => {
        Check { code: $code, severity: $severity, looks_for: $looks_for, why: $why, find: $find }
    };
}

/// In the order in which they are reported.
pub const CHECKS: &[Check] = &[
    check!(Error "function-missing", function::missing, "no function of this name", "nothing reads the stream"),
    check!(Error "setting", settings::bad, "a setting that the function cannot use", "the function stops at its start, and the stream waits"),
    check!(Warning "setting-risky", settings::risky, "a setting that is legal, but probably not meant", "the function does something else than expected"),
    check!(Error "dry-run", settings::dry_run, "`PERSIST_RECORDS` is 0", "nothing is written, and the stream is read past all the same"),
    check!(Warning "one-record", settings::one_record, "`PERSIST_RECORDS` is 1", "one item an invocation is written; older deployments used 1 as a flag"),
    check!(Error "timeout-short", function::timeout_short, "a time-out with no room for one attempt of a call (3 s) and the margin", "one call that hangs ends the invocation, and Lambda takes a good event for a bad one"),
    check!(Warning "memory-small", function::memory_small, "less memory than the largest event of this batch size may take", "compressed records can end the function for lack of memory, again and again"),
    check!(Error "source-missing", feed::missing, "no event source mapping of a Kinesis stream", "nothing comes in"),
    check!(Error "source-disabled", feed::disabled, "an event source mapping that is not enabled", "nothing comes in, and records expire in the stream"),
    check!(Error "report-missing", feed::report_missing, "no `ReportBatchItemFailures`", "Lambda ignores the checkpoint, so records that were not written are lost"),
    check!(Warning "attempts-limited", feed::attempts_limited, "limited retry attempts", "a table that throttles for a while uses them up, and Lambda gives up on good records"),
    check!(Warning "age-limited", feed::age_limited, "a maximum record age two hours or more below what the stream keeps", "Lambda gives up on records that could still be written"),
    check!(Warning "age-past-retention", feed::age_past_retention, "a maximum record age that the stream does not reach, or none", "records expire in the stream before Lambda gives them up: no destination is told"),
    check!(Error "no-destination", feed::no_destination, "no destination on failure", "what Lambda gives up on leaves no trace"),
    check!(Error "filter-drops", filter::drops, "compressed, aggregated or other records that are no JSON behind a filter for `data`", "Lambda drops such records without a word"),
    check!(Error "stream-missing", stream::missing, "a stream that does not exist", "nothing comes in"),
    check!(Warning "order", order::not_kept, "keys that documents choose, put in the order in which events end", "an older document can stand over a newer one of its key"),
    check!(Error "table-missing", table::missing, "a table that does not exist, and that the function does not create", "nothing can be written"),
    check!(Error "table-key", table::key, "a key or its type that is not the mapping's", "the table refuses every item"),
    check!(Error "index-key", table::index_key, "an index's key attribute of another type than the mapping declares", "the table refuses every item that has it"),
    check!(Warning "index-undeclared", table::index_undeclared, "an index's key attribute whose type the mapping does not declare", "a value of another type is found by the table only: its letter comes late, after a refused request"),
    check!(Error "queue-missing", queue::missing, "a queue for letters that does not exist", "one record that cannot be stored holds its shard up"),
    check!(Warning "queue-size", queue::size, "a `MaximumMessageSize` below a letter's 1,048,576 bytes", "large letters go without their data"),
    check!(Warning "queue-retention", queue::retention, "letters kept for less than a week", "letters are deleted before somebody redrives them"),
    check!(Warning "letters-outlive-data", queue::outlives, "letters kept longer than the stream keeps their data, if it keeps them less than a week or letters often lack data", "a letter that was too large for its data cannot be redriven once the stream forgot the record"),
    check!(Error "batch-missing", batch::missing, "no parameter with the batch id", "nothing is written until there is one"),
    check!(Error "batch-unfit", batch::unfit, "a batch id that cannot be the attribute it fills", "nothing is written until it changes"),
    check!(Warning "batch-stale", batch::stale, "a batch id older than `--stale-after`", "new items are tagged with an old batch"),
    check!(Warning "batch-rate", batch::rate, "more than 40 calls a second for the batch id", "SSM throttles everybody in the account, and invocations wait"),
];

/// The troubles of each event source mapping.
fn each_feed(deployment: &Deployment, find: impl Fn(&Feed) -> Seen<Option<Trouble>>) -> Seen<Vec<Trouble>> {
    let mut troubles = Vec::new();
    let mut failed = None;
    for feed in deployment.feeds()? {
        match find(feed) {
            Ok(trouble) => troubles.extend(trouble),
            Err(Unseen::Failed(why)) => failed = Some(why),
            Err(Unseen::Absent | Unseen::NotPart) => {}
        }
    }
    match failed {
        Some(why) if troubles.is_empty() => Err(Unseen::Failed(why)),
        _ => Ok(troubles),
    }
}

/// The part of a stream that a feed names, in messages.
fn named(feed: &Feed) -> String {
    format!("the event source mapping {} of the stream {}", feed.id, feed.stream_name)
}

fn update_feed(deployment: &Deployment, feed: &Feed, option: &str) -> String {
    format!("{} lambda update-event-source-mapping --uuid {} {option}", deployment.aws, feed.id)
}

/// A command that changes one of the function's variables, and leaves the others; without a function, the option for the next run.
fn set_variable(deployment: &Deployment, names: &[&str], value: Option<&str>) -> String {
    let (Ok(function), aws) = (deployment.function(), &deployment.aws) else {
        let sets = names.iter().map(|name| format!("--set {name}={}", value.unwrap_or_default()));
        return std::iter::once(create_what_is_missing(deployment)).chain(sets).collect::<Vec<_>>().join(" ");
    };
    let change: Vec<String> = names
        .iter()
        .map(|name| match value {
            Some(value) => format!(".Variables.{name}={}", serde_json::Value::from(value)),
            None => format!("del(.Variables.{name})"),
        })
        .collect();
    let (name, change) = (&function.name, change.join(" | "));
    format!(
        "{aws} lambda get-function-configuration --function-name {name} --query Environment --output json | jq '{change}' > environment.json && \
         {aws} lambda update-function-configuration --function-name {name} --environment file://environment.json"
    )
}

/// The command that creates table, queue and parameter for a run without a function.
fn create_what_is_missing(deployment: &Deployment) -> String {
    format!("tablefeed invoke FILE{}", deployment.again)
}

/// The command that mends what a run without a function would create; else `fix`.
fn created_or(deployment: &Deployment, fix: String) -> String {
    if deployment.function.is_ok() { fix } else { create_what_is_missing(deployment) }
}
