//! What all subscriptions of a relay share: the clients, the store, and one reader a shard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tablefeed::settings::LogLevel;

use crate::reader::{Place, Reader};
use crate::store::Store;
use crate::stream::{From, StreamError, Streams};
use crate::subscription::Start;
use crate::tree::Shard;

/// Shards that are asked at once when a subscription begins.
const AT_ONCE: usize = 16;

/// How a relay works.
#[derive(Debug, Clone)]
pub struct Options {
    /// The pause before a shard that had nothing new is asked again.
    pub poll: Duration,
    /// The pause before streams and their shards are listed again.
    pub discovery: Duration,
    /// Whether URLs of subscriptions that came over HTTP may lead to private and loopback addresses.
    pub allow_private: bool,
    /// Before a call to AWS is tried again; it doubles up to `last_wait`.
    pub first_wait: Duration,
    pub last_wait: Duration,
    /// How long the start from now on may take to be found out, before a subscription is created.
    pub patience: Duration,
    /// How long the listings of a disabled stream have to tell nothing new before they count as complete. So long, too, an unlisted
    /// parent that exists is waited for.
    pub settle: Duration,
    /// How many bytes of what was read last are kept of each shard, for the subscriptions that are not as far.
    pub kept_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            poll: Duration::from_millis(200),
            discovery: Duration::from_secs(10),
            allow_private: false,
            first_wait: Duration::from_millis(100),
            last_wait: Duration::from_secs(20),
            patience: Duration::from_secs(10),
            settle: Duration::from_secs(120),
            kept_bytes: 16 << 20,
        }
    }
}

/// The shared parts.
pub struct Engine {
    pub options: Options,
    pub streams: Streams,
    pub sqs: aws_sdk_sqs::Client,
    pub store: Arc<Store>,
    pub log: fn(LogLevel, &str),
    readers: Mutex<BTreeMap<(String, String), Weak<Reader>>>,
}

/// Where a subscription begins that starts now.
#[derive(Default)]
pub struct Beginning {
    pub stream: Option<String>,
    /// The table had no stream, so that all of the one that it will have is wanted.
    pub none: bool,
    /// Shards that it has nothing to read in.
    pub closed: Vec<String>,
    /// Parents that were not listed: if they do not exist, that is no gap.
    pub unlisted: BTreeSet<String>,
    /// By shard. The readers are held, as they keep the places.
    pub places: BTreeMap<String, (Arc<Reader>, Place)>,
}

impl Engine {
    pub fn new(options: Options, streams: Streams, sqs: aws_sdk_sqs::Client, store: Arc<Store>, log: fn(LogLevel, &str)) -> Engine {
        Engine { options, streams, sqs, store, log, readers: Mutex::default() }
    }

    /// The reader of a shard.
    pub fn reader(&self, arn: &str, shard: &str) -> Arc<Reader> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|_, reader| reader.strong_count() > 0);
        let key = (arn.to_owned(), shard.to_owned());
        if let Some(reader) = readers.get(&key).and_then(Weak::upgrade) {
            return reader;
        }
        let reader = Arc::new(Reader::new(self.streams.clone(), arn, shard, self.options.poll, self.options.kept_bytes));
        readers.insert(key, Arc::downgrade(&reader));
        reader
    }

    /// Places in a table's stream from which nothing is missed: with `start: latest` nothing that is written after it returns, otherwise
    /// nothing that the stream now holds. Empty if the stream cannot be asked now.
    pub async fn begin(&self, table: &str, start: Start) -> Beginning {
        match tokio::time::timeout(self.options.patience, self.try_begin(table, start)).await {
            Ok(Ok(beginning)) => beginning,
            _ => Beginning::default(),
        }
    }

    async fn try_begin(&self, table: &str, start: Start) -> Result<Beginning, StreamError> {
        let arn = match self.streams.of_table(table).await {
            Ok(Some(arn)) => arn,
            Ok(None) | Err(StreamError::Gone) => return Ok(Beginning { none: true, ..Beginning::default() }),
            Err(error) => return Err(error),
        };
        let listing = self.streams.listing(&arn).await?;
        let ids: BTreeSet<&str> = listing.shards.iter().map(|shard| shard.id.as_str()).collect();
        let parents: BTreeSet<&str> = listing.shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        let unlisted: BTreeSet<String> = parents.difference(&ids).map(|id| (*id).to_owned()).collect();
        let latest = start == Start::Latest;
        // A child tells surely that a shard is closed: its own description may be old, and a range may end with the newest record.
        let closed = |shard: &&Shard| latest && parents.contains(shard.id.as_str());
        let first = |shard: &&Shard| shard.parent.as_ref().is_none_or(|parent| unlisted.contains(parent));
        let begun = listing.shards.iter().filter(|shard| if latest { !closed(shard) } else { first(shard) });
        let asked: Vec<_> = begun.map(|shard| self.place(arn.clone(), shard.clone(), latest)).collect();
        let places = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let closed = listing.shards.iter().filter(closed).map(|shard| shard.id.clone()).collect();
        Ok(Beginning { stream: Some(arn), none: false, closed, unlisted, places })
    }

    async fn place(&self, arn: String, shard: Shard, latest: bool) -> Result<(String, (Arc<Reader>, Place)), StreamError> {
        let reader = self.reader(&arn, &shard.id);
        let place = if latest { reader.latest(shard.start).await? } else { reader.oldest(shard.start).await? };
        Ok((shard.id, (reader, place)))
    }

    /// Whether a shard that no listing has exists.
    pub async fn exists(&self, arn: &str, shard: &str) -> bool {
        !matches!(self.streams.iterator(arn, shard, &From::Horizon).await, Err(StreamError::Gone | StreamError::Trimmed))
    }
}
