//! The batch id: there, fit, young, and not asked for too often.

use super::{Trouble, created_or, set_variable};
use crate::age::told;
use crate::doctor::deployment::{Deployment, Seen, Unseen};

/// GetParameter calls a second that an account has by default, in each region ("AWS Systems Manager endpoints and quotas").
const MOST_CALLS: u64 = 40;

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    match deployment.parameter() {
        Err(Unseen::Absent) => {}
        other => return other.map(|_| Vec::new()),
    }
    let name = parameter(deployment)?;
    Ok(vec![Trouble { what: format!("there is no parameter {name}"), fix: created_or(deployment, put(deployment, name)) }])
}

pub fn unfit(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (name, value) = (parameter(deployment)?, &deployment.parameter()?.value);
    match deployment.settings()?.mapping.check_batch(value) {
        Ok(()) => Ok(Vec::new()),
        Err(why) => Ok(vec![Trouble { what: format!("the parameter {name}: {why}"), fix: put(deployment, name) }]),
    }
}

pub fn stale(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let name = parameter(deployment)?;
    let since = deployment.parameter()?.since;
    let since = since.ok_or_else(|| Unseen::Failed(format!("the server does not say since when {name} has its value")))?;
    let age = deployment.now.duration_since(since).unwrap_or_default();
    if age <= deployment.stale_after {
        return Ok(Vec::new());
    }
    let what = format!("the batch id in {name} is {} old; --stale-after says {}", told(age), told(deployment.stale_after));
    Ok(vec![Trouble { what, fix: put(deployment, name) }])
}

pub fn rate(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    parameter(deployment)?;
    let kept = deployment.settings()?.batch_id_max_age.as_secs();
    let (mut calls, mut lanes) = (0, 0);
    for feed in deployment.feeds()? {
        let events = feed.stream()?.shards * feed.parallelization;
        lanes += events;
        // Lambda asks a shard for records about once a second, or once a window.
        calls += events.div_ceil(feed.window_seconds.max(kept).max(1));
    }
    if calls <= MOST_CALLS {
        return Ok(Vec::new());
    }
    Ok(vec![Trouble {
        what: format!("{lanes} events at once ask for the batch id about {calls} times a second; an account has {MOST_CALLS} such calls"),
        fix: set_variable(deployment, &["BATCH_ID_MAX_AGE_SECONDS"], Some(&(lanes / MOST_CALLS + 1).to_string())),
    }])
}

/// The parameter's name, if the mapping needs a batch id.
fn parameter(deployment: &Deployment) -> Seen<&str> {
    deployment.settings()?.batch_parameter.as_deref().ok_or(Unseen::NotPart)
}

fn put(deployment: &Deployment, name: &str) -> String {
    format!("{} ssm put-parameter --overwrite --type String --name {name} --value BATCH_ID", deployment.aws)
}
