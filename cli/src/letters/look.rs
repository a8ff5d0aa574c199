//! Every message of a queue, without hiding any: each one once, and how many there are that could not be seen.
//!
//! A message that is received for no time at all is in sight again at once. So the same come again, and the end is told by calls that
//! brought nothing new, held against what the queue says it holds.

use std::collections::HashSet;

use super::message::Message;
use super::queue::Queue;

/// Calls without anything new, after which the queue is asked whether that was all.
const QUIET: u32 = 3;
/// Such calls after which it is left at that.
const PATIENCE: u32 = 40;
/// Such calls between two questions.
const BETWEEN: u32 = 10;
/// Messages that are read; the rest is left alone.
const MOST: usize = 1_000_000;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub seen: u64,
    /// Messages that the queue claims beside those.
    pub unseen: u64,
}

impl Looked {
    /// What to say if some were not seen.
    pub fn note(&self) -> Option<String> {
        let Looked { seen, unseen } = self;
        (*unseen > 0).then(|| {
            format!("{seen} messages were seen, and the queue has about {unseen} more: hidden by another reader such as `letters redrive`, or delayed; look again later")
        })
    }
}

/// Gives each message to `each`, once.
pub async fn look(queue: &Queue, mut each: impl FnMut(Message) -> anyhow::Result<()>) -> anyhow::Result<Looked> {
    let mut ids = HashSet::new();
    let mut quiet = 0;
    let mut counts = None;
    while ids.len() < MOST {
        let before = ids.len();
        for message in queue.receive(0).await? {
            if ids.insert(message.id.clone()) {
                each(message)?;
            }
        }
        if ids.len() > before {
            quiet = 0;
            continue;
        }
        quiet += 1;
        if quiet == QUIET || quiet > QUIET && quiet.is_multiple_of(BETWEEN) {
            let now = queue.counts().await?;
            let all_seen = now.visible <= ids.len() as u64;
            counts = Some(now);
            if all_seen {
                break;
            }
        }
        if quiet >= PATIENCE {
            break;
        }
    }
    let counts = match counts {
        Some(counts) => counts,
        None => queue.counts().await?,
    };
    let seen = ids.len() as u64;
    Ok(Looked { seen, unseen: (counts.visible + counts.hidden).saturating_sub(seen) })
}
