//! A subscription in one shard: what the reader gives goes, in order, to the URL, and is checkpointed when it was taken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tablefeed::settings::LogLevel;
use tokio::time::{Instant, sleep, timeout_at};

use crate::change::{Change, Sequence};
use crate::deliver::{Deliverer, Ended, Progress};
use crate::live::Live;
use crate::reader::{Given, Place, Reader};
use crate::state::Gap;
use crate::store::{Checkpoint, Store, StoreError};
use crate::stream::StreamError;
use crate::subscription::{Batch, OnFailure};

/// Why a lane has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneEnd {
    /// The shard is read to its end, and delivered.
    Ended,
    /// The URL answered 410.
    Gone,
    /// Something failed that may not fail again from the last checkpoint on.
    Again,
}

/// One subscription in one shard.
pub struct Lane {
    pub live: Arc<Live>,
    pub id: String,
    pub store: Arc<Store>,
    pub reader: Arc<Reader>,
    pub deliverer: Arc<Deliverer>,
    pub batch: Batch,
    pub holds: bool,
    pub place: Place,
    /// Changes before this time, in milliseconds, are not wanted.
    pub since: u64,
    pub log: fn(LogLevel, &str),
    pub pause: Duration,
    read: VecDeque<Arc<Change>>,
    ended: bool,
    gap: Option<Gap>,
}

/// Changes that are sent, each with the last one before the next that is sent.
#[derive(Default)]
struct Chosen {
    changes: Vec<Arc<Change>>,
    marks: Vec<Sequence>,
    /// The last change that is not wanted, in front of all that are.
    skipped: Option<Sequence>,
}

impl Lane {
    #[expect(clippy::too_many_arguments, reason = "each is a part that the lane brings together")]
    pub fn new(
        live: Arc<Live>,
        store: Arc<Store>,
        reader: Arc<Reader>,
        deliverer: Arc<Deliverer>,
        place: Place,
        since: u64,
        log: fn(LogLevel, &str),
        pause: Duration,
    ) -> Lane {
        let (id, batch, holds) = {
            let stored = live.stored();
            (stored.id.clone(), stored.declaration.batch, stored.declaration.on_failure == OnFailure::Hold)
        };
        let (read, ended, gap) = (VecDeque::new(), false, None);
        Lane { live, id, store, reader, deliverer, batch, holds, place, since, log, pause, read, ended, gap }
    }

    /// Reads and delivers until it ends. Dropped, it stops at once.
    pub async fn run(mut self) -> LaneEnd {
        loop {
            let chosen = match self.gather().await {
                Ok(chosen) => chosen,
                Err(error) => return self.again(&error.to_string()).await,
            };
            if chosen.changes.is_empty() {
                let checkpoint = match &chosen.skipped {
                    Some(sequence) => Checkpoint::After(sequence.clone()),
                    None => Checkpoint::Ended,
                };
                if let Err(error) = self.checkpoint(&checkpoint) {
                    return self.again(&error.to_string()).await;
                }
                if checkpoint == Checkpoint::Ended {
                    return LaneEnd::Ended;
                }
                continue;
            }
            match self.deliver(&chosen).await {
                Ok(()) => {}
                Err(Ended::Gone) => return LaneEnd::Gone,
                Err(Ended::Unstored(error)) => return self.again(&error).await,
            }
        }
    }

    async fn again(&self, error: &str) -> LaneEnd {
        self.tell_error(error);
        sleep(self.pause).await;
        LaneEnd::Again
    }

    fn tell_error(&self, error: &str) {
        (self.log)(LogLevel::Error, &format!("subscription {}, shard {}: {error}", self.id, self.reader.shard));
        self.live.facts().last_error = Some(error.to_owned());
    }

    fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.store.checkpoint(&self.id, &self.reader.arn, &self.reader.shard, checkpoint)
    }

    /// Changes for a delivery; none if the shard has ended, or if none of what was read is wanted.
    async fn gather(&mut self) -> Result<Chosen, StoreError> {
        let mut chosen = Chosen::default();
        let mut until = None;
        loop {
            while chosen.changes.len() < self.batch.max_records {
                let Some(change) = self.read.pop_front() else { break };
                self.choose(&mut chosen, change);
            }
            if chosen.changes.len() >= self.batch.max_records || self.ended {
                return Ok(chosen);
            }
            if chosen.changes.is_empty() {
                if chosen.skipped.is_some() {
                    return Ok(chosen);
                }
                self.more().await?;
                continue;
            }
            if self.batch.max_wait.is_zero() {
                return Ok(chosen);
            }
            let until = *until.get_or_insert_with(|| Instant::now() + self.batch.max_wait);
            match timeout_at(until, self.more()).await {
                Ok(read) => read?,
                Err(_) => return Ok(chosen),
            }
        }
    }

    fn choose(&self, chosen: &mut Chosen, change: Arc<Change>) {
        if change.created >= self.since && self.deliverer.wants(&change) {
            chosen.marks.push(change.sequence.clone());
            chosen.changes.push(change);
            return;
        }
        self.live.facts().counts.filtered += 1;
        match chosen.marks.last_mut() {
            Some(mark) => mark.clone_from(&change.sequence),
            None => chosen.skipped = Some(change.sequence.clone()),
        }
    }

    /// Waits until there is more, or the shard's end.
    async fn more(&mut self) -> Result<(), StoreError> {
        match self.reader.next(&mut self.place).await {
            Ok(Given::Changes(changes)) => {
                if let (Some(gap), Some(first)) = (self.gap.take(), changes.first()) {
                    self.live.gap(&self.store, Gap { before: Some(first.sequence.as_str().to_owned()), ..gap })?;
                }
                self.live.facts().counts.read += changes.len() as u64;
                self.read.extend(changes);
            }
            Ok(Given::Ended) => self.ended = true,
            Err(StreamError::Trimmed) => {
                self.tell_gap()?;
                self.place.trimmed();
            }
            Err(StreamError::Gone) => {
                self.tell_gap()?;
                self.ended = true;
            }
            Err(StreamError::Expired) => {}
            Err(StreamError::Refused(error)) => {
                self.tell_error(&error);
                sleep(self.pause).await;
            }
        }
        Ok(())
    }

    fn tell_gap(&mut self) -> Result<(), StoreError> {
        if self.gap.is_some() {
            return Ok(());
        }
        let after = self.place.after.as_ref().map(|sequence| sequence.as_str().to_owned());
        let gap = Gap { stream: self.reader.arn.clone(), shard: self.reader.shard.clone(), after, before: None };
        (self.log)(LogLevel::Error, &format!("subscription {}: {}", self.id, told(&gap)));
        self.live.gap(&self.store, gap.clone())?;
        self.gap = Some(gap);
        Ok(())
    }

    async fn deliver(&self, chosen: &Chosen) -> Result<(), Ended> {
        let taken = AtomicUsize::new(0);
        let shard = &self.reader.shard;
        self.pending(&chosen.changes);
        let acknowledged = |more: usize| {
            let taken = taken.fetch_add(more, Ordering::SeqCst) + more;
            let Some(mark) = taken.checked_sub(1).and_then(|last| chosen.marks.get(last)) else { return Ok(()) };
            self.checkpoint(&Checkpoint::After(mark.clone())).map_err(|error| error.to_string())?;
            self.pending(chosen.changes.get(taken..).unwrap_or_default());
            let mut facts = self.live.facts();
            facts.counts.delivered += more as u64;
            facts.last_sequence = Some(mark.as_str().to_owned());
            Ok(())
        };
        let failed = |error: &str, attempt: u32| {
            let mut facts = self.live.facts();
            facts.counts.retried += 1;
            facts.attempts = attempt;
            facts.last_error = Some(error.to_owned());
            if self.holds {
                facts.failing = Some(error.to_owned());
            }
        };
        let succeeded = || {
            let mut facts = self.live.facts();
            facts.attempts = 0;
            facts.failing = None;
        };
        let letter = || self.live.facts().counts.letters += 1;
        let progress = Progress { acknowledged: &acknowledged, failed: &failed, succeeded: &succeeded, letter: &letter };
        self.deliverer.deliver(shard, &chosen.changes, &progress).await
    }

    fn pending(&self, changes: &[Arc<Change>]) {
        let oldest = changes.first().or_else(|| self.read.front()).map_or(0, |change| change.created);
        let count = (changes.len() + self.read.len()) as u64;
        self.live.facts().pending.insert(self.reader.shard.clone(), (count, oldest));
    }
}

/// What the log says of a gap.
pub fn told(gap: &Gap) -> String {
    let after = gap.after.as_deref().unwrap_or("its beginning");
    match gap.shard.as_str() {
        "" => format!("stream {} was removed before it was read to its end", gap.stream),
        shard => format!("records of shard {shard} after {after} were trimmed before they were read"),
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.live.facts().pending.remove(&self.reader.shard);
    }
}
