//! The checks of `tablefeed doctor`; [`CHECKS`] lists them.
//!
//! In: a [`Deployment`]. Out: a [`Verdict`] a check. Pure: one function a check, and a check that cannot see its part says so.

mod batch;
mod feed;
mod filter;
mod function;
mod list;
mod order;
mod queue;
mod settings;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub use list::CHECKS;

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

/// A command that gives all of the function's variables of these names one value, or takes them away.
fn set_variable(deployment: &Deployment, names: &[&str], value: Option<&str>) -> String {
    set_variables(deployment, &names.iter().map(|name| (*name, value)).collect::<Vec<_>>())
}

/// A command that changes some of the function's variables, and leaves the others; without a function, options for the next run.
fn set_variables(deployment: &Deployment, changes: &[(&str, Option<&str>)]) -> String {
    let (Ok(function), aws) = (deployment.function(), &deployment.aws) else {
        let sets = changes.iter().map(|(name, value)| format!("--set {name}={}", value.unwrap_or_default()));
        return std::iter::once(create_what_is_missing(deployment)).chain(sets).collect::<Vec<_>>().join(" ");
    };
    let change = |(name, value): &(&str, Option<&str>)| match value {
        Some(value) => format!(".Variables.{name}={}", serde_json::Value::from(*value)),
        None => format!("del(.Variables.{name})"),
    };
    let (name, change) = (&function.name, changes.iter().map(change).collect::<Vec<_>>().join(" | "));
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
