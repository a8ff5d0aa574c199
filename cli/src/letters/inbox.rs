//! Messages taken out of a queue for a while: hidden from other readers until they are deleted or shown again.
//!
//! In: a queue. Out: each message once. A message that comes a second time, because its time was over, is only remembered by its newer
//! receipt; one that was deleted, but came again all the same, is deleted again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::message::Message;
use super::queue::{AT_ONCE, Queue};

/// Calls without anything new, after which the queue is asked whether that was all.
const QUIET: u32 = 2;
/// Such calls after which it is left at that.
const PATIENCE: u32 = 20;

pub struct Inbox {
    queue: Queue,
    /// How long a receipt hides a message, in seconds.
    hide: u16,
    /// Receipts of what is held, by message id.
    held: HashMap<String, String>,
    deleted: HashSet<String>,
    /// Selected, but past the bounds of the last take.
    next: VecDeque<Message>,
    /// Entries that the queue did not delete.
    pub refused: u64,
}

/// How much may be taken at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub messages: usize,
    pub bytes: usize,
}

impl Inbox {
    pub fn new(queue: Queue, hide: u16) -> Inbox {
        Inbox { queue, hide, held: HashMap::new(), deleted: HashSet::new(), next: VecDeque::new(), refused: 0 }
    }

    /// Takes messages that were not taken before, until there are as many selected ones as may be, or none are left. Those that are not
    /// selected are held, too, so that they do not come again and again.
    pub async fn take(&mut self, bounds: Bounds, selects: impl Fn(&Message) -> bool) -> anyhow::Result<Vec<Message>> {
        // The first must not come into sight before the last is there.
        let until = Instant::now() + Duration::from_secs(self.hide.into()) / 2;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        let mut quiet = 0;
        while taken.len() < bounds.messages && bytes < bounds.bytes {
            if let Some(message) = self.next.pop_front() {
                bytes += message.body.len();
                taken.push(message);
                continue;
            }
            if !taken.is_empty() && Instant::now() >= until {
                break;
            }
            let received = self.receive().await?;
            quiet = if received.is_empty() { quiet + 1 } else { 0 };
            self.next.extend(received.into_iter().filter(|message| selects(message)));
            // With something in hand the next call will ask whether there is more.
            let ended = quiet >= QUIET && (!taken.is_empty() || self.queue.counts().await?.visible == 0);
            if ended || quiet >= PATIENCE {
                break;
            }
        }
        Ok(taken)
    }

    /// One call's messages, without those that were taken before.
    async fn receive(&mut self) -> anyhow::Result<Vec<Message>> {
        let mut new = Vec::new();
        let mut again = Vec::new();
        for message in self.queue.receive(self.hide.into()).await? {
            let known = self.held.insert(message.id.clone(), message.receipt.clone()).is_some();
            if self.deleted.contains(&message.id) {
                again.push(message.id);
            } else if !known {
                new.push(message);
            }
        }
        if !again.is_empty() {
            self.delete(&again).await?;
        }
        Ok(new)
    }

    /// Deletes what is held, and returns how many messages were deleted. What the queue refuses stays there, and is counted.
    pub async fn delete(&mut self, ids: &[String]) -> anyhow::Result<u64> {
        let mut count = 0;
        for ids in ids.chunks(AT_ONCE) {
            let receipts: Vec<&str> = ids.iter().filter_map(|id| self.held.get(id)).map(String::as_str).collect();
            let results = self.queue.delete(&receipts).await?;
            for (id, deleted) in ids.iter().zip(results) {
                if !deleted {
                    self.refused += 1;
                    continue;
                }
                self.held.remove(id);
                count += u64::from(self.deleted.insert(id.clone()));
            }
        }
        Ok(count)
    }

    /// Hides messages again and again, before their time is over, as long as it is awaited.
    pub async fn keep_hidden(&self, ids: &[String]) -> Infallible {
        loop {
            sleep(Duration::from_secs(self.hide.into()) / 3).await;
            for ids in ids.chunks(AT_ONCE) {
                let receipts: Vec<&str> = ids.iter().filter_map(|id| self.held.get(id)).map(String::as_str).collect();
                // If this fails, somebody else may take a message too; redriving it twice does no harm.
                self.queue.hide(&receipts, self.hide.into()).await.unwrap_or_default();
            }
        }
    }

    /// Shows what is still held.
    pub async fn show_again(&mut self) -> anyhow::Result<()> {
        let held: Vec<String> = std::mem::take(&mut self.held).into_values().collect();
        for receipts in held.chunks(AT_ONCE) {
            let receipts: Vec<&str> = receipts.iter().map(String::as_str).collect();
            self.queue.hide(&receipts, 0).await?;
        }
        Ok(())
    }

    /// Messages that others hold, or that are delayed. Only when nothing is held here is this the truth.
    pub async fn hidden_by_others(&self) -> anyhow::Result<u64> {
        Ok(self.queue.settled_counts(|counts| counts.hidden == 0).await?.hidden)
    }

    /// How long a process that ends at once leaves messages hidden, in seconds.
    pub fn hides_for(&self) -> u16 {
        self.hide
    }
}
