//! A subscription in one stream: a lane in each shard that may be read, until the stream is read to its end.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tablefeed::settings::LogLevel;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::change::Sequence;
use crate::follow::{Follower, StreamEnd};
use crate::lane::{Lane, LaneEnd};
use crate::reader::Place;
use crate::state::Gap;
use crate::store::{Checkpoint, StoreError};
use crate::stream::{Listing, StreamError};
use crate::subscription::Start;
use crate::tree::{Shard, Tree};

/// What clocks and the stream's time stamps may differ.
const LEEWAY_MS: u64 = 1000;

/// One stream of a subscription.
struct Reading {
    arn: String,
    tree: Tree,
    ended: BTreeSet<String>,
    running: BTreeSet<String>,
    lanes: JoinSet<(String, LaneEnd)>,
    /// How far it was, where it is not at a shard's end, before this process.
    known: BTreeMap<String, Sequence>,
    /// All of the stream is wanted; else only what a first look finds.
    owed: bool,
    /// The shards of that first look.
    found: BTreeSet<String>,
    /// Since when the listings of a disabled stream tell nothing new.
    quiet: Option<Instant>,
    /// Since when unlisted parents are known to exist.
    waiting: BTreeMap<String, Instant>,
}

impl Follower {
    /// Reads one stream to its end. `owed`: what it held before the first look at it is wanted, too.
    pub(crate) async fn read(&mut self, arn: &str, owed: bool) -> Result<StreamEnd, StoreError> {
        let id = self.live.stored().id.clone();
        let mut reading = Reading::new(arn, owed, self.engine.store.checkpoints(&id, arn)?);
        loop {
            // A stream that the table still has is not removed, whatever is said of it.
            let current = self.current().await.as_deref() == Some(arn);
            let asked = Instant::now();
            let listing = self.engine.streams.listing(arn).await;
            let complete = match &listing {
                Ok(listing) => {
                    self.take_in(&mut reading, listing, &id).await?;
                    reading.quiet.is_some_and(|since| asked >= since + self.engine.options.settle) && reading.all_read()
                }
                Err(StreamError::Gone) => reading.running.is_empty() && !current,
                Err(error) => {
                    self.trouble(&format!("stream {arn} cannot be described: {error}"));
                    false
                }
            };
            if complete {
                self.finish(&reading, &id)?;
                return Ok(StreamEnd::Finished);
            }
            if self.turn(&mut reading, &id).await? {
                return Ok(StreamEnd::Closed);
            }
        }
    }

    async fn take_in(&self, reading: &mut Reading, listing: &Listing, id: &str) -> Result<(), StoreError> {
        let news = reading.tree.merge(&listing.shards);
        if !reading.owed {
            reading.found = listing.shards.iter().map(|shard| shard.id.clone()).collect();
        }
        let overtaken = reading.tree.overtaken(&reading.ended);
        self.engine.store.ended(id, &reading.arn, &overtaken)?;
        reading.ended.extend(overtaken);
        let mut lost = Vec::new();
        for parent in reading.tree.unknown(&reading.ended) {
            if !self.engine.exists(&reading.arn, &parent).await {
                lost.push(parent);
            } else if reading.waiting.entry(parent.clone()).or_insert_with(Instant::now).elapsed() >= self.engine.options.settle {
                reading.tree.merge(&[Shard::unlisted(&parent)]);
            }
        }
        for parent in lost.iter().filter(|parent| reading.owed && !self.unlisted.contains(*parent)) {
            self.gap(reading.gap(parent))?;
        }
        self.engine.store.ended(id, &reading.arn, &lost)?;
        let still = listing.disabled && !news && lost.is_empty();
        reading.quiet = still.then(|| reading.quiet.unwrap_or_else(Instant::now));
        reading.ended.extend(lost);
        reading.owed = true;
        Ok(())
    }

    /// Nothing more is to be read from the stream: what was not read is told.
    fn finish(&self, reading: &Reading, id: &str) -> Result<(), StoreError> {
        for shard in reading.tree.unfinished(&reading.ended) {
            self.gap(reading.gap(&shard))?;
        }
        self.engine.store.checkpoint(id, &reading.arn, "", &Checkpoint::Ended)
    }

    /// Starts lanes as shards become readable, until the next listing is due; true if the URL ended the subscription.
    async fn turn(&mut self, reading: &mut Reading, id: &str) -> Result<bool, StoreError> {
        let until = Instant::now() + self.engine.options.discovery;
        loop {
            for shard in reading.tree.readable(&reading.ended) {
                if !reading.running.contains(&shard) {
                    let lane = self.lane(reading, &shard, id)?;
                    reading.running.insert(shard.clone());
                    reading.lanes.spawn(async move { (shard, run(lane).await) });
                }
            }
            self.live.facts().running = true;
            if reading.lanes.is_empty() {
                sleep_until(until).await;
                return Ok(false);
            }
            let Ok(Some(joined)) = timeout_at(until, reading.lanes.join_next()).await else { return Ok(false) };
            let Ok((shard, end)) = joined else {
                // Which one it was is not known: all go on from their checkpoints.
                reading.lanes.shutdown().await;
                reading.running.clear();
                sleep_until(until).await;
                return Ok(false);
            };
            reading.running.remove(&shard);
            match end {
                LaneEnd::Ended => drop(reading.ended.insert(shard)),
                LaneEnd::Gone => return Ok(true),
                LaneEnd::Again => {}
            }
        }
    }

    fn lane(&mut self, reading: &Reading, shard: &str, id: &str) -> Result<Lane, StoreError> {
        let arn = &reading.arn;
        let known = self.engine.store.checkpoints(id, arn)?;
        let after = known.into_iter().find_map(|(known, checkpoint)| checkpoint.after().filter(|_| known == shard));
        let (start, created) = {
            let stored = self.live.stored();
            (stored.start, stored.created)
        };
        let since = match start {
            _ if after.is_some() => 0,
            Start::Latest => created.saturating_sub(LEEWAY_MS),
            Start::TrimHorizon => 0,
            Start::At(millis) => millis,
        };
        let begun = self.places.remove(shard).filter(|(reader, _)| reader.arn == *arn && after.is_none());
        let (reader, place) = begun.unwrap_or_else(|| {
            let first = reading.tree.start(shard).filter(|_| !reading.found.contains(shard));
            (self.engine.reader(arn, shard), after.map_or_else(|| Place::start(first), Place::after))
        });
        let (store, deliverer) = (Arc::clone(&self.engine.store), Arc::clone(&self.deliverer));
        let pause = self.engine.options.discovery;
        Ok(Lane::new(Arc::clone(&self.live), store, reader, deliverer, place, since, self.engine.log, pause))
    }
}

impl Reading {
    fn new(arn: &str, owed: bool, checkpoints: Vec<(String, Checkpoint)>) -> Reading {
        let mut reading = Reading {
            arn: arn.to_owned(),
            tree: Tree::default(),
            ended: BTreeSet::new(),
            running: BTreeSet::new(),
            lanes: JoinSet::new(),
            known: BTreeMap::new(),
            owed: owed || !checkpoints.is_empty(),
            found: BTreeSet::new(),
            quiet: None,
            waiting: BTreeMap::new(),
        };
        for (shard, checkpoint) in checkpoints {
            match checkpoint.after() {
                None => drop(reading.ended.insert(shard)),
                Some(sequence) => {
                    reading.tree.begun(&shard);
                    reading.known.insert(shard, sequence);
                }
            }
        }
        reading
    }

    fn all_read(&self) -> bool {
        self.running.is_empty() && self.tree.finished(&self.ended) && self.tree.unknown(&self.ended).is_empty()
    }

    /// All of a shard, or all that was not read of it before this process.
    fn gap(&self, shard: &str) -> Gap {
        let after = self.known.get(shard).map(|sequence| sequence.as_str().to_owned());
        Gap { stream: self.arn.clone(), shard: shard.to_owned(), after, before: None }
    }
}

/// Runs a lane. One that panics is told, and goes on from its checkpoint like any other that failed.
async fn run(lane: Lane) -> LaneEnd {
    let (live, log, pause) = (Arc::clone(&lane.live), lane.log, lane.pause);
    let name = format!("subscription {}, shard {}", lane.id, lane.reader.shard);
    match AssertUnwindSafe(lane.run()).catch_unwind().await {
        Ok(end) => end,
        Err(panic) => {
            let error = panicked(&*panic);
            live.facts().last_error = Some(error.clone());
            log(LogLevel::Error, &format!("{name}: {error}"));
            sleep(pause).await;
            LaneEnd::Again
        }
    }
}

/// What is told of a panic.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a fault of this program: {}", text.unwrap_or_default())
}
