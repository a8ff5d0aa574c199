//! The queue: there, for letters of every size, for as long as somebody may need to redrive them.

use tablefeed::write::letter::MAX_MESSAGE_BYTES;

use super::feed::keep_up_with;
use super::{Trouble, created_or, each_feed, set_variable};
use crate::doctor::deployment::{Deployment, Queue, Seen, Unseen};

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;
/// The longest that SQS keeps a message.
const MOST: u64 = 14 * DAY;
/// Records past this are too large for a letter as often as not.
const LARGE_RECORD_KIB: u64 = 1024;

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    match deployment.queue() {
        Err(Unseen::Absent) => {}
        other => return other.map(|_| Vec::new()),
    }
    let url = &deployment.settings()?.dlq_url;
    let name = url.rsplit('/').next().unwrap_or_default();
    let made = format!("{} sqs create-queue --queue-name {name} --attributes MessageRetentionPeriod={MOST}", deployment.aws);
    let fix = created_or(deployment, format!("{made} && {}", set_variable(deployment, &["DLQ_URL"], Some("ITS_URL"))));
    let url = if deployment.function.is_ok() { url } else { name };
    Ok(vec![Trouble { what: format!("there is no queue {url}"), fix }])
}

pub fn size(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let queue = deployment.queue()?;
    let limit = told(queue, queue.max_message_bytes)?;
    if limit >= MAX_MESSAGE_BYTES as u64 {
        return Ok(Vec::new());
    }
    let what = format!("the queue {} takes messages of {limit} bytes; a letter may have {MAX_MESSAGE_BYTES}", queue.url);
    Ok(vec![Trouble { what, fix: set_attribute(deployment, queue, "MaximumMessageSize", MAX_MESSAGE_BYTES as u64) }])
}

pub fn retention(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let queue = deployment.queue()?;
    let kept = told(queue, queue.retention_seconds)?;
    if kept >= WEEK {
        return Ok(Vec::new());
    }
    let what = format!("the queue {} deletes letters after {:.1} days", queue.url, days(kept));
    Ok(vec![Trouble { what, fix: set_attribute(deployment, queue, "MessageRetentionPeriod", MOST) }])
}

pub fn outlives(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let queue = deployment.queue()?;
    let (kept, limit) = (told(queue, queue.retention_seconds)?, told(queue, queue.max_message_bytes)?);
    each_feed(deployment, |feed| {
        let stream = feed.stream()?;
        let (held, small) = (stream.retention_hours * 3600, limit < MAX_MESSAGE_BYTES as u64);
        let often = small || stream.max_record_kib > LARGE_RECORD_KIB;
        if kept <= held || (held >= WEEK && !often) {
            return Ok(None);
        }
        let hours = (kept.div_ceil(3600)).max(WEEK / 3600);
        Ok(Some(Trouble {
            what: format!(
                "letters are kept for {:.1} days, and the stream {} keeps the data of those without for {:.1}",
                days(kept),
                feed.stream_name,
                days(held)
            ),
            fix: format!(
                "{} kinesis increase-stream-retention-period --stream-name {} --retention-period-hours {hours} && {}",
                deployment.aws,
                feed.stream_name,
                keep_up_with(deployment, feed, hours * 3600)
            ),
        }))
    })
}

/// An attribute that every queue of SQS has.
fn told(queue: &Queue, value: Option<u64>) -> Seen<u64> {
    value.ok_or_else(|| Unseen::Failed(format!("the server does not say it of the queue {}", queue.url)))
}

fn set_attribute(deployment: &Deployment, queue: &Queue, name: &str, value: u64) -> String {
    format!("{} sqs set-queue-attributes --queue-url {} --attributes {name}={value}", deployment.aws, queue.url)
}

#[expect(clippy::cast_precision_loss, reason = "a few days, for the eye")]
fn days(seconds: u64) -> f64 {
    seconds as f64 / DAY as f64
}
