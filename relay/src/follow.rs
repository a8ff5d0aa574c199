//! The task of one subscription: finds its stream, and runs a lane in each shard that may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tablefeed::settings::LogLevel;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::deliver::Deliverer;
use crate::engine::{Beginning, Engine};
use crate::lane::{Lane, LaneEnd};
use crate::live::Live;
use crate::reader::{Place, Reader};
use crate::state::Gap;
use crate::store::{Checkpoint, StoreError};
use crate::stream::{Listing, StreamError};
use crate::subscription::Start;
use crate::tree::Tree;

/// Listings in a row without news, after which a stream that is disabled has no more shards; and that an unlisted parent that
/// exists is waited for.
const QUIET: u32 = 5;
/// What clocks and the stream's time stamps may differ.
const LEEWAY_MS: u64 = 1000;

/// How the reading of one stream ended.
enum StreamEnd {
    Finished,
    Closed,
}

/// One subscription, being followed.
pub struct Follower {
    pub engine: Arc<Engine>,
    pub live: Arc<Live>,
    pub deliverer: Arc<Deliverer>,
    places: BTreeMap<String, (Arc<Reader>, Place)>,
    notified: bool,
}

/// One stream of it.
struct Reading {
    arn: String,
    tree: Tree,
    ended: BTreeSet<String>,
    running: BTreeSet<String>,
    lanes: JoinSet<(String, LaneEnd)>,
    /// Listings without news.
    quiet: u32,
    /// How often unlisted parents were found to exist.
    patience: BTreeMap<String, u32>,
    begun: bool,
}

impl Follower {
    pub fn new(engine: Arc<Engine>, live: Arc<Live>, deliverer: Arc<Deliverer>, beginning: Beginning) -> Follower {
        Follower { engine, live, deliverer, places: beginning.places, notified: false }
    }

    /// Runs until the URL ends the subscription. Dropped, it stops at once.
    pub async fn run(mut self) {
        loop {
            let known = self.live.stored().stream.clone();
            let Some(arn) = self.next_stream(known.as_deref()).await else {
                sleep(self.engine.options.discovery).await;
                continue;
            };
            if known.as_ref() != Some(&arn) {
                let stored = {
                    let mut stored = self.live.stored();
                    stored.stream = Some(arn.clone());
                    stored.clone()
                };
                if let Err(error) = self.engine.store.put(&stored) {
                    self.trouble(&error.to_string());
                    self.live.stored().stream = known;
                    sleep(self.engine.options.discovery).await;
                    continue;
                }
            }
            match self.read(&arn, known.is_some()).await {
                Ok(StreamEnd::Finished) => {}
                Ok(StreamEnd::Closed) => return self.close(),
                Err(error) => self.trouble(&error.to_string()),
            }
        }
    }

    /// The stream to read: the one that it reads, until that is finished; then the one after it.
    async fn next_stream(&mut self, known: Option<&str>) -> Option<String> {
        if let Some(known) = known
            && !self.finished(known)
        {
            return Some(known.to_owned());
        }
        let current = self.current().await?;
        let Some(known) = known else { return Some(current) };
        if current == known {
            return Some(current);
        }
        let table = self.live.stored().declaration.table_name.clone();
        let between = self.engine.streams.history(&table).await.unwrap_or_default();
        between.into_iter().find(|arn| arn.as_str() > known && *arn < current).or(Some(current))
    }

    fn finished(&self, arn: &str) -> bool {
        let id = self.live.stored().id.clone();
        let checkpoints = self.engine.store.checkpoints(&id, arn).unwrap_or_default();
        checkpoints.iter().any(|(shard, _)| shard.is_empty())
    }

    /// The table's stream; if there is none, that is told.
    async fn current(&mut self) -> Option<String> {
        let table = self.live.stored().declaration.table_name.clone();
        let missing = match self.engine.streams.of_table(&table).await {
            Ok(Some(arn)) => {
                self.live.facts().missing = None;
                self.notified = false;
                return Some(arn);
            }
            Ok(None) => format!(
                "table {table} has no stream; enable one: aws dynamodb update-table --table-name {table} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
            ),
            Err(StreamError::Gone) => format!("table {table} does not exist"),
            Err(error) => format!("table {table} cannot be described: {error}"),
        };
        self.live.facts().missing = Some(missing.clone());
        if !self.notified {
            self.notified = true;
            self.trouble(&missing);
            self.deliverer.notify(&table, &missing).await;
        }
        None
    }

    fn trouble(&self, error: &str) {
        let id = self.live.stored().id.clone();
        (self.engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
        self.live.facts().last_error = Some(error.to_owned());
    }

    fn close(&self) {
        let stored = {
            let mut stored = self.live.stored();
            stored.closed = true;
            stored.clone()
        };
        if let Err(error) = self.engine.store.put(&stored) {
            self.trouble(&error.to_string());
        }
    }

    /// Reads one stream to its end.
    async fn read(&mut self, arn: &str, begun: bool) -> Result<StreamEnd, StoreError> {
        let mut reading = Reading {
            arn: arn.to_owned(),
            tree: Tree::default(),
            ended: BTreeSet::new(),
            running: BTreeSet::new(),
            lanes: JoinSet::new(),
            quiet: 0,
            patience: BTreeMap::new(),
            begun,
        };
        let id = self.live.stored().id.clone();
        let known = self.engine.store.checkpoints(&id, arn)?;
        reading.begun |= !known.is_empty();
        reading.ended.extend(known.into_iter().filter(|(_, checkpoint)| *checkpoint == Checkpoint::Ended).map(|(shard, _)| shard));
        loop {
            let listing = self.engine.streams.listing(arn).await;
            let gone = matches!(listing, Err(StreamError::Gone));
            match listing {
                Ok(listing) => self.take_in(&mut reading, &listing).await,
                Err(StreamError::Gone) => {}
                Err(error) => self.trouble(&error.to_string()),
            }
            let over = gone && reading.running.is_empty();
            let quiet = reading.quiet >= QUIET && reading.running.is_empty() && reading.tree.finished(&reading.ended);
            if over || quiet {
                self.finish(&reading, &id)?;
                return Ok(StreamEnd::Finished);
            }
            self.current().await;
            if self.turn(&mut reading, &id).await? {
                return Ok(StreamEnd::Closed);
            }
        }
    }

    async fn take_in(&self, reading: &mut Reading, listing: &Listing) {
        let news = reading.tree.merge(&listing.shards);
        reading.quiet = if news || !listing.disabled { 0 } else { reading.quiet + 1 };
        for parent in reading.tree.unknown(&reading.ended) {
            if self.engine.exists(&reading.arn, &parent).await {
                let seen = reading.patience.entry(parent.clone()).or_default();
                *seen += 1;
                if *seen <= QUIET {
                    continue;
                }
                reading.tree.merge(&[crate::tree::Shard { id: parent, parent: None, closed: true }]);
            } else {
                if reading.begun {
                    self.gap(&parent);
                }
                reading.tree.lost(parent);
            }
        }
        reading.begun = true;
    }

    fn gap(&self, shard: &str) {
        self.trouble(&format!("shard {shard} was trimmed before it was read"));
        self.live.facts().gaps.push(Gap { shard: shard.to_owned(), after: None, before: None });
    }

    /// Nothing more is to be read from the stream: what was not read is told.
    fn finish(&self, reading: &Reading, id: &str) -> Result<(), StoreError> {
        for shard in reading.tree.unfinished(&reading.ended) {
            self.gap(&shard);
        }
        self.engine.store.checkpoint(id, &reading.arn, "", &Checkpoint::Ended)
    }

    /// Starts lanes as shards become readable, until the next listing is due; true if the URL ended the subscription.
    async fn turn(&mut self, reading: &mut Reading, id: &str) -> Result<bool, StoreError> {
        let until = Instant::now() + self.engine.options.discovery;
        loop {
            for shard in reading.tree.readable(&reading.ended) {
                if reading.running.insert(shard.clone()) {
                    let lane = self.lane(&reading.arn, &shard, id)?;
                    reading.lanes.spawn(async move { (shard, lane.run().await) });
                }
            }
            self.live.facts().running = true;
            if reading.lanes.is_empty() {
                tokio::time::sleep_until(until).await;
                return Ok(false);
            }
            let Ok(Some(Ok((shard, end)))) = timeout_at(until, reading.lanes.join_next()).await else { return Ok(false) };
            reading.running.remove(&shard);
            match end {
                LaneEnd::Ended => drop(reading.ended.insert(shard)),
                LaneEnd::Gone => return Ok(true),
                LaneEnd::Again => {}
            }
        }
    }

    fn lane(&mut self, arn: &str, shard: &str, id: &str) -> Result<Lane, StoreError> {
        let known = self.engine.store.checkpoints(id, arn)?;
        let after = known.into_iter().find_map(|(known, checkpoint)| match checkpoint {
            Checkpoint::After(sequence) if known == shard => Some(sequence),
            _ => None,
        });
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
        let begun = self.places.remove(shard).filter(|(reader, _)| reader.arn == arn && after.is_none());
        let (reader, place) = begun.unwrap_or_else(|| (self.engine.reader(arn, shard), Place::after(after)));
        let (store, deliverer) = (Arc::clone(&self.engine.store), Arc::clone(&self.deliverer));
        let pause = self.engine.options.discovery;
        Ok(Lane::new(Arc::clone(&self.live), store, reader, deliverer, place, since, self.engine.log, pause))
    }
}
