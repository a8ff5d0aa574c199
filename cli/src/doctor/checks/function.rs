//! The function itself: there, with enough time and memory.

use std::time::Duration;

use tablefeed::aws::ATTEMPT_TIMEOUT;

use super::Trouble;
use crate::doctor::deployment::{Deployment, Seen, Unseen};

/// What Lambda hands over at most in one invocation, and Kinesis in one record; bytes.
const MAX_EVENT: u64 = 6 << 20;
const MAX_RECORD: u64 = 1 << 20;
/// What the function takes without an event, in MiB; measured, with room.
const EMPTY_MIB: u64 = 32;
/// How often an event is held, its base64 included, and what it decompresses to: text, item, request.
const EVENT_COPIES: u64 = 4;
const DOCUMENT_COPIES: u64 = 3;

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    match deployment.function() {
        Err(Unseen::Absent) => Ok(vec![Trouble {
            what: "there is no such function in this account and region".to_owned(),
            fix: format!("{} lambda list-functions --query 'Functions[].FunctionName'", deployment.aws),
        }]),
        other => other.map(|_| Vec::new()),
    }
}

pub fn timeout_short(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (function, settings) = (deployment.function()?, deployment.settings()?);
    let timeout = Duration::from_secs(function.timeout_seconds);
    // As the function reckons it.
    let margin = settings.deadline_margin.unwrap_or((timeout / 10).max(Duration::from_secs(1))).min(timeout / 2);
    let needed = ATTEMPT_TIMEOUT + margin;
    if timeout > needed {
        return Ok(Vec::new());
    }
    Ok(vec![Trouble {
        what: format!(
            "the time-out of {} is {} s; one attempt of a call may take {} s, and writing stops {:.1} s before the end",
            function.name,
            timeout.as_secs(),
            ATTEMPT_TIMEOUT.as_secs(),
            margin.as_secs_f32()
        ),
        fix: format!("{} lambda update-function-configuration --function-name {} --timeout 60", deployment.aws, function.name),
    }])
}

pub fn memory_small(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (function, settings, feeds) = (deployment.function()?, deployment.settings()?, deployment.feeds()?);
    let Some(batch) = feeds.iter().map(|feed| feed.batch_size).max() else { return Err(Unseen::Absent) };
    let event = MAX_EVENT.min(batch.saturating_mul(MAX_RECORD));
    let each = settings.max_decompressed_bytes as u64;
    let decoded = (settings.max_event_bytes as u64).min(batch.saturating_mul(each)).max(event);
    let needed = EMPTY_MIB + ((event * EVENT_COPIES + decoded.saturating_mul(DOCUMENT_COPIES)) >> 20);
    if function.memory_mib >= needed {
        return Ok(Vec::new());
    }
    let memory = needed.next_multiple_of(64);
    Ok(vec![Trouble {
        what: format!(
            "{} has {} MB of memory; {batch} records that decompress to {} MiB may take about {needed} MiB",
            function.name,
            function.memory_mib,
            decoded >> 20
        ),
        fix: format!("{} lambda update-function-configuration --function-name {} --memory-size {memory}", deployment.aws, function.name),
    }])
}
