//! Event source mappings: whether Lambda heeds the checkpoint, and when it gives records up.

use super::{Trouble, each_feed, named, update_feed};
use crate::doctor::deployment::{Deployment, Feed, Seen};

/// The longest age that Lambda counts to, in seconds.
const MOST_AGE: u64 = 604_800;
/// What an age may stay below the stream's retention, in seconds.
const ROOM: u64 = 2 * 3600;
/// What it should, so that records which were given up can still be read back.
const MARGIN: u64 = 3600;

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    if !deployment.feeds()?.is_empty() {
        return Ok(Vec::new());
    }
    let function = deployment.function()?;
    Ok(vec![Trouble {
        what: format!("no Kinesis stream is mapped to {}", function.name),
        fix: format!(
            "{} lambda create-event-source-mapping --function-name {} --event-source-arn STREAM_ARN --starting-position TRIM_HORIZON \
             --batch-size 1000 --function-response-types ReportBatchItemFailures --bisect-batch-on-function-error \
             --maximum-record-age-in-seconds 82800 --destination-config '{{\"OnFailure\":{{\"Destination\":\"ARN\"}}}}'",
            deployment.aws, function.name
        ),
    }])
}

pub fn disabled(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    found(deployment, "--enabled", |feed| {
        let idle = ["Disabled", "Disabling"].contains(&feed.state.as_str());
        Ok(idle.then(|| format!("is {}", feed.state)))
    })
}

pub fn report_missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    found(deployment, "--function-response-types ReportBatchItemFailures", |feed| {
        Ok((!feed.reports).then(|| "lacks ReportBatchItemFailures".to_owned()))
    })
}

pub fn attempts_limited(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    found(deployment, "--maximum-retry-attempts -1", |feed| {
        Ok(feed.attempts.map(|attempts| format!("gives records up after {attempts} retries; partial answers count as one each")))
    })
}

pub fn age_limited(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    aged(deployment, |age, retention| {
        let age = age?;
        (age + ROOM <= retention.min(MOST_AGE))
            .then(|| format!("gives records up after {}, and the stream keeps them for {}", hours(age), hours(retention)))
    })
}

pub fn age_past_retention(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    aged(deployment, |age, retention| match age {
        None => Some(format!("never gives records up, and the stream forgets them after {}", hours(retention))),
        // A week is the most that Lambda counts to, and the stream may keep no more.
        Some(age) if age >= retention && !(age == MOST_AGE && retention > MOST_AGE) => {
            Some(format!("gives records up after {}, and the stream forgets them after {}", hours(age), hours(retention)))
        }
        Some(_) => None,
    })
}

pub fn no_destination(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    found(deployment, "--destination-config '{\"OnFailure\":{\"Destination\":\"ARN_OF_A_BUCKET_OR_QUEUE\"}}'", |feed| {
        Ok(feed.destination.is_none().then(|| "has no destination on failure".to_owned()))
    })
}

/// A trouble for each event source mapping of which `what` says one; `option` mends it.
fn found(deployment: &Deployment, option: &str, what: impl Fn(&Feed) -> Seen<Option<String>>) -> Seen<Vec<Trouble>> {
    each_feed(deployment, |feed| {
        Ok(what(feed)?.map(|what| Trouble { what: format!("{} {what}", named(feed)), fix: update_feed(deployment, feed, option) }))
    })
}

/// `what` is told the maximum age and what the stream keeps, in seconds.
fn aged(deployment: &Deployment, what: impl Fn(Option<u64>, u64) -> Option<String>) -> Seen<Vec<Trouble>> {
    each_feed(deployment, |feed| {
        let retention = feed.stream()?.retention_hours * 3600;
        Ok(what(feed.max_age_seconds, retention)
            .map(|what| Trouble { what: format!("{} {what}", named(feed)), fix: keep_up_with(deployment, feed, retention) }))
    })
}

/// The command that has Lambda give records up an hour before a stream of this retention, in seconds, forgets them.
pub fn keep_up_with(deployment: &Deployment, feed: &Feed, retention: u64) -> String {
    let age = retention.saturating_sub(MARGIN).min(MOST_AGE);
    update_feed(deployment, feed, &format!("--maximum-record-age-in-seconds {age}"))
}

/// Whole hours where there are, else seconds.
fn hours(seconds: u64) -> String {
    if seconds.is_multiple_of(3600) { format!("{} h", seconds / 3600) } else { format!("{seconds} s") }
}
