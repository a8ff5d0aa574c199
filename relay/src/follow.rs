//! The task of one subscription: finds its stream, has it read to its end, and finds the one after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tablefeed::settings::LogLevel;
use tokio::time::sleep;

use crate::deliver::Deliverer;
use crate::engine::{Beginning, Engine};
use crate::lane::told;
use crate::live::Live;
use crate::reader::{Place, Reader};
use crate::state::Gap;
use crate::store::StoreError;
use crate::stream::StreamError;

/// How the reading of one stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    Finished,
    Closed,
}

/// One subscription, being followed.
pub struct Follower {
    pub engine: Arc<Engine>,
    pub live: Arc<Live>,
    pub deliverer: Arc<Deliverer>,
    /// Where it begins, by shard.
    pub(crate) places: BTreeMap<String, (Arc<Reader>, Place)>,
    /// Parents that no listing had when it began.
    pub(crate) unlisted: BTreeSet<String>,
    /// All of the first stream is wanted, as there was none.
    none: bool,
    notified: bool,
}

impl Follower {
    pub fn new(engine: Arc<Engine>, live: Arc<Live>, deliverer: Arc<Deliverer>, beginning: Beginning) -> Follower {
        let Beginning { none, unlisted, places, .. } = beginning;
        Follower { engine, live, deliverer, places, unlisted, none, notified: false }
    }

    /// Runs until the URL ends the subscription. Dropped, it stops at once.
    pub async fn run(mut self) {
        loop {
            match self.follow().await {
                Ok(Some(StreamEnd::Closed)) => return self.close(),
                Ok(Some(StreamEnd::Finished)) => {}
                Ok(None) => sleep(self.engine.options.discovery).await,
                Err(error) => {
                    self.trouble(&error.to_string());
                    sleep(self.engine.options.discovery).await;
                }
            }
        }
    }

    /// Reads the stream that is next; `None` if there is none now.
    async fn follow(&mut self) -> Result<Option<StreamEnd>, StoreError> {
        let known = self.live.stored().stream.clone();
        let Some(arn) = self.next_stream(known.as_deref()).await? else { return Ok(None) };
        if known.as_ref() != Some(&arn) {
            let mut stored = self.live.stored().clone();
            stored.stream = Some(arn.clone());
            self.engine.store.put(&stored)?;
            self.live.stored().stream = stored.stream;
        }
        let owed = known.is_some() || self.none;
        self.read(&arn, owed).await.map(Some)
    }

    /// The stream to read: the one that it reads, until that is finished; then the one after it.
    async fn next_stream(&mut self, known: Option<&str>) -> Result<Option<String>, StoreError> {
        let Some(known) = known else { return Ok(self.current().await) };
        let id = self.live.stored().id.clone();
        if !self.engine.store.checkpoints(&id, known)?.iter().any(|(shard, _)| shard.is_empty()) {
            return Ok(Some(known.to_owned()));
        }
        let table = self.live.stored().declaration.table_name.clone();
        let listed = match self.engine.streams.history(&table).await {
            Ok(listed) => listed,
            Err(StreamError::Gone) => Vec::new(),
            Err(error) => {
                self.trouble(&format!("the streams of table {table} cannot be listed: {error}"));
                return Ok(None);
            }
        };
        let current = self.current().await;
        if current.as_deref() == Some(known) {
            return Ok(current);
        }
        let Some(next) = listed.into_iter().chain(current).filter(|arn| arn.as_str() > known).min() else { return Ok(None) };
        self.between(known, &next).await.map(|sure| sure.then_some(next))
    }

    /// Tells a gap if streams between two may have come and gone: those that are read are removed first. False if that cannot be found out now.
    async fn between(&self, known: &str, next: &str) -> Result<bool, StoreError> {
        match self.engine.streams.listing(known).await {
            Ok(_) => Ok(true),
            Err(StreamError::Gone) => {
                let gap = Gap { stream: known.to_owned(), shard: String::new(), after: None, before: Some(next.to_owned()) };
                self.gap(gap).map(|()| true)
            }
            Err(error) => {
                self.trouble(&format!("stream {known} cannot be described: {error}"));
                Ok(false)
            }
        }
    }

    /// The table's stream; if there is none, that is told.
    pub(crate) async fn current(&mut self) -> Option<String> {
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

    pub(crate) fn trouble(&self, error: &str) {
        let id = self.live.stored().id.clone();
        (self.engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
        self.live.facts().last_error = Some(error.to_owned());
    }

    pub(crate) fn gap(&self, gap: Gap) -> Result<(), StoreError> {
        self.trouble(&told(&gap));
        self.live.gap(&self.engine.store, gap)
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
}
