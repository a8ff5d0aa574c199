//! Every message of a queue, each one once, and how many there are that could not be seen.
//!
//! Nothing is hidden from other readers, unless one asks for it: a message that is received for no time at all is in sight again at once. So the
//! same come again, and the end is told by calls that brought nothing new, held against what the queue says it holds. SQS gives others
//! each time; a server that always gives the same needs messages to be hidden while they are read.

use std::collections::HashSet;

use clap::Args;

use super::inbox::{Bounds, Inbox};
use super::message::Message;
use super::queue::{Counts, Queue};

/// Calls without anything new, after which the queue is asked whether that was all.
const QUIET: u32 = 3;
/// Such calls after which it is left at that.
const PATIENCE: u32 = 40;
/// Such calls between two questions.
const BETWEEN: u32 = 10;
/// Messages that are read; the rest is left alone.
const MOST: usize = 1_000_000;
/// What is taken at once where messages are hidden.
const CHUNK: Bounds = Bounds { messages: 1000, bytes: 64 << 20 };

/// How a queue is looked at.
#[derive(Debug, Clone, Copy, Args)]
pub struct Look {
    /// Hide messages from other readers while they are read, for a server that gives the same ones each time; SQS does not need it
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=43_200))]
    hide_seconds: u16,
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub seen: u64,
    /// Messages beside those that the queue claims to have in sight.
    visible: u64,
    /// Such as it has hidden.
    hidden: u64,
}

impl Looked {
    fn new(seen: usize, counts: Counts) -> Looked {
        let seen = seen as u64;
        let unseen = (counts.visible + counts.hidden).saturating_sub(seen);
        let visible = counts.visible.saturating_sub(seen);
        Looked { seen, visible, hidden: unseen - visible }
    }

    /// Messages that the queue has about, and that were not seen.
    pub fn unseen(&self) -> u64 {
        self.visible + self.hidden
    }

    /// What to say if some were not seen.
    pub fn note(&self) -> Option<String> {
        let Looked { seen, visible, hidden } = self;
        let more = match (visible, hidden) {
            (0, 0) => return None,
            (0, hidden) => format!("{hidden} more: hidden by another reader such as `letters redrive`, or delayed; look again later"),
            (visible, _) => {
                format!("{visible} more that it did not give; --hide-seconds 30 hides messages while they are read, and comes to all")
            }
        };
        Some(format!("{seen} messages were seen, and the queue has about {more}"))
    }
}

impl Look {
    /// Gives each message to `each`, once.
    pub async fn at(&self, queue: &Queue, mut each: impl FnMut(Message) -> anyhow::Result<()>) -> anyhow::Result<Looked> {
        if self.hide_seconds == 0 {
            return in_sight(queue, each).await;
        }
        let mut inbox = Inbox::new(queue.clone(), self.hide_seconds);
        let taken = take_all(&mut inbox, &mut each).await;
        // Also when a call failed.
        let shown = inbox.show_again().await;
        let seen = taken?;
        shown?;
        let hidden = inbox.hidden_by_others().await?;
        Ok(Looked { seen, visible: 0, hidden })
    }
}

async fn take_all(inbox: &mut Inbox, each: &mut impl FnMut(Message) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut seen = 0;
    loop {
        let messages = inbox.take(CHUNK, |_| true).await?;
        if messages.is_empty() {
            return Ok(seen);
        }
        seen += messages.len() as u64;
        messages.into_iter().try_for_each(&mut *each)?;
    }
}

async fn in_sight(queue: &Queue, mut each: impl FnMut(Message) -> anyhow::Result<()>) -> anyhow::Result<Looked> {
    let mut ids = HashSet::new();
    let mut quiet = 0;
    while ids.len() < MOST && quiet < PATIENCE {
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
        if quiet == QUIET || quiet.is_multiple_of(BETWEEN) {
            let counts = queue.counts().await?;
            if counts.visible <= ids.len() as u64 {
                return Ok(Looked::new(ids.len(), counts));
            }
        }
    }
    Ok(Looked::new(ids.len(), queue.counts().await?))
}
