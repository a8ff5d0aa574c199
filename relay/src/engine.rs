//! What all subscriptions of a relay share: the clients, the store, and one reader a shard.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tablefeed::settings::LogLevel;

use crate::reader::{Place, Reader};
use crate::store::Store;
use crate::stream::{From, StreamError, Streams};

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
    pub closed: Vec<String>,
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
        let reader = Arc::new(Reader::new(self.streams.clone(), arn, shard, self.options.poll));
        readers.insert(key, Arc::downgrade(&reader));
        reader
    }

    /// Places in the open shards of a table's stream, from which nothing is missed that is written after it returns. Empty if the
    /// stream cannot be had now: then all of it is read, but for what is too old.
    pub async fn begin(&self, table: &str) -> Beginning {
        match tokio::time::timeout(self.options.patience, self.try_begin(table)).await {
            Ok(Ok(beginning)) => beginning,
            _ => Beginning::default(),
        }
    }

    async fn try_begin(&self, table: &str) -> Result<Beginning, StreamError> {
        let Some(arn) = self.streams.of_table(table).await? else { return Ok(Beginning::default()) };
        let listing = self.streams.listing(&arn).await?;
        let mut beginning = Beginning { stream: Some(arn.clone()), ..Beginning::default() };
        for shard in listing.shards {
            if shard.closed {
                beginning.closed.push(shard.id);
                continue;
            }
            let reader = self.reader(&arn, &shard.id);
            let place = reader.latest().await?;
            beginning.places.insert(shard.id, (reader, place));
        }
        Ok(beginning)
    }

    /// Whether a shard that no listing has exists.
    pub async fn exists(&self, arn: &str, shard: &str) -> bool {
        !matches!(self.streams.iterator(arn, shard, &From::Horizon).await, Err(StreamError::Gone | StreamError::Trimmed))
    }
}
