//! The relay: subscriptions come and go, and each is followed by a task of its own.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use tablefeed::settings::LogLevel;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use ulid::Ulid;

use crate::deliver::{Deliverer, DelivererError, Guard};
use crate::engine::{Beginning, Engine};
use crate::follow::Follower;
use crate::live::{Live, now};
use crate::reading::panicked;
use crate::state::View;
use crate::store::{Store, StoreError, Stored};
use crate::stream::Streams;
use crate::subscription::{Declaration, Origin, Start};

pub use crate::engine::Options;

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a subscription is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Deliverer(#[from] DelivererError),
}

/// Why a subscription does not do as it is told.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("there is no such subscription")]
    NotFound,
    #[error("{0}")]
    Conflict(String),
}

/// All subscriptions of one process.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    entries: Mutex<BTreeMap<String, Entry>>,
    /// Changes of subscriptions come one after the other.
    changing: tokio::sync::Mutex<()>,
}

struct Entry {
    live: Arc<Live>,
    task: Option<JoinHandle<()>>,
}

impl Relay {
    /// Opens the store, and follows the subscriptions that came over HTTP; those of a file begin with [`Relay::sync_file`].
    #[expect(clippy::unused_async, reason = "it starts tasks, and so wants a runtime")]
    pub async fn open(
        options: Options,
        dynamodb: aws_sdk_dynamodb::Client,
        streams: aws_sdk_dynamodbstreams::Client,
        sqs: aws_sdk_sqs::Client,
        store_path: Option<&Path>,
        log: fn(LogLevel, &str),
    ) -> Result<Relay, OpenError> {
        let store = Arc::new(Store::open(store_path)?);
        let streams = Streams::new(dynamodb, streams, options.first_wait, options.last_wait);
        let engine = Arc::new(Engine::new(options, streams, sqs, Arc::clone(&store), log));
        let relay = Relay(Arc::new(Inner { engine, entries: Mutex::default(), changing: tokio::sync::Mutex::default() }));
        for stored in store.subscriptions()?.into_iter().filter(|stored| stored.origin == Origin::Http) {
            let id = stored.id.clone();
            if let Err(error) = relay.start(stored, Beginning::default()) {
                log(LogLevel::Error, &format!("subscription {id}: {error}"));
            }
        }
        Ok(relay)
    }

    /// Adds a subscription; it is durable, and misses nothing from now on, when its id is returned.
    pub async fn add(&self, declaration: Declaration, origin: Origin) -> Result<String, AddError> {
        let _changing = self.0.changing.lock().await;
        let id = Ulid::generate().to_string();
        self.create(id.clone(), declaration, origin).await?;
        Ok(id)
    }

    async fn create(&self, id: String, declaration: Declaration, origin: Origin) -> Result<(), AddError> {
        let start = declaration.start;
        let stored = Stored { id, origin, created: now(), declaration, start, paused: false, closed: false, stream: None };
        self.deliverer(&stored)?;
        self.begin(stored).await
    }

    /// Stores a subscription without checkpoints, and follows it from its start.
    async fn begin(&self, mut stored: Stored) -> Result<(), AddError> {
        let beginning = self.0.engine.begin(&stored.declaration.table_name, stored.start).await;
        stored.created = now();
        stored.stream.clone_from(&beginning.stream);
        let store = &self.0.engine.store;
        store.put(&stored)?;
        if let Some(stream) = &stored.stream {
            store.ended(&stored.id, stream, &beginning.closed)?;
        }
        self.start(stored, beginning)
    }

    fn deliverer(&self, stored: &Stored) -> Result<Deliverer, DelivererError> {
        let guarded = stored.origin == Origin::Http && !self.0.engine.options.allow_private;
        let guard = if guarded { Guard::Public } else { Guard::Trusted };
        Deliverer::new(Arc::new(stored.declaration.clone()), guard, &stored.id, &self.0.engine.sqs)
    }

    /// Follows a subscription, unless it is paused or closed.
    fn start(&self, stored: Stored, beginning: Beginning) -> Result<(), AddError> {
        let deliverer = Arc::new(self.deliverer(&stored)?);
        let gaps = self.0.engine.store.gaps(&stored.id)?;
        let id = stored.id.clone();
        let idle = stored.paused || stored.closed;
        let live = Arc::new(Live::new(stored));
        live.facts().gaps = gaps;
        let mut entries = self.entries();
        if let Some(before) = entries.get(&id) {
            let known = before.live.facts().counts;
            live.facts().counts = known;
        }
        let task = (!idle).then(|| tokio::spawn(follow(Arc::clone(&self.0.engine), Arc::clone(&live), deliverer, beginning)));
        entries.insert(id, Entry { live, task });
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn list(&self) -> Vec<View> {
        let now = now();
        self.entries().values().map(|entry| entry.live.view(now)).collect()
    }

    pub fn view(&self, id: &str) -> Option<View> {
        self.entries().get(id).map(|entry| entry.live.view(now()))
    }

    /// Stops a subscription's task, and returns what is stored of it; `None` if there is none, or if it is removed.
    async fn halt(&self, id: &str) -> Option<(Arc<Live>, Stored)> {
        let (live, task) = {
            let mut entries = self.entries();
            let entry = entries.get_mut(id).filter(|entry| !entry.live.facts().removed)?;
            (Arc::clone(&entry.live), entry.task.take())
        };
        if let Some(task) = task {
            task.abort();
            // It ends by being aborted, which is no news.
            drop(task.await);
        }
        let stored = live.stored().clone();
        Some((live, stored))
    }

    /// Ends a subscription; it is listed as removed until the process ends. False if there is none.
    pub async fn remove(&self, id: &str) -> bool {
        let _changing = self.0.changing.lock().await;
        self.take_out(id).await
    }

    async fn take_out(&self, id: &str) -> bool {
        let Some((live, _)) = self.halt(id).await else { return false };
        live.facts().removed = true;
        if let Err(error) = self.0.engine.store.remove(id) {
            (self.0.engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
        }
        true
    }

    /// Stops delivering, until it is resumed.
    pub async fn pause(&self, id: &str) -> Result<(), ControlError> {
        let _changing = self.0.changing.lock().await;
        self.refuse_closed(id)?;
        let (live, mut stored) = self.halt(id).await.ok_or(ControlError::NotFound)?;
        stored.paused = true;
        *live.stored() = stored.clone();
        self.0.engine.store.put(&stored).map_err(|error| ControlError::Conflict(error.to_string()))
    }

    /// Goes on delivering from the checkpoints.
    pub async fn resume(&self, id: &str) -> Result<(), ControlError> {
        let _changing = self.0.changing.lock().await;
        self.refuse_closed(id)?;
        let (_, mut stored) = self.halt(id).await.ok_or(ControlError::NotFound)?;
        stored.paused = false;
        let conflict = |error: String| ControlError::Conflict(error);
        self.0.engine.store.put(&stored).map_err(|error| conflict(error.to_string()))?;
        self.start(stored, Beginning::default()).map_err(|error| conflict(error.to_string()))
    }

    /// Forgets the checkpoints, and begins anew.
    pub async fn replay(&self, id: &str, start: Start) -> Result<(), ControlError> {
        let _changing = self.0.changing.lock().await;
        let (_, stored) = self.halt(id).await.ok_or(ControlError::NotFound)?;
        let conflict = |error: String| ControlError::Conflict(error);
        self.0.engine.store.forget(id).map_err(|error| conflict(error.to_string()))?;
        let stored = Stored { start, closed: false, stream: None, ..stored };
        self.begin(stored).await.map_err(|error| conflict(error.to_string()))
    }

    fn refuse_closed(&self, id: &str) -> Result<(), ControlError> {
        let closed = self.entries().get(id).is_some_and(|entry| entry.live.stored().closed);
        if closed { Err(ControlError::Conflict("its URL ended it with 410; a replay begins it anew".to_owned())) } else { Ok(()) }
    }

    /// Makes the subscriptions of the file those that it has now: adds, changes, removes.
    pub async fn sync_file(&self, entries: Vec<(String, Declaration)>) {
        let _changing = self.0.changing.lock().await;
        let stored = match self.0.engine.store.subscriptions() {
            Ok(stored) => stored,
            Err(error) => return (self.0.engine.log)(LogLevel::Error, &format!("the file's subscriptions are left as they are: {error}")),
        };
        let known: BTreeMap<String, Stored> =
            stored.into_iter().filter(|stored| stored.origin == Origin::File).map(|stored| (stored.id.clone(), stored)).collect();
        for id in known.keys().filter(|id| !entries.iter().any(|(entry, _)| entry == *id)) {
            if !self.take_out(id).await
                && let Err(error) = self.0.engine.store.remove(id)
            {
                (self.0.engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
            }
        }
        for (id, declaration) in entries {
            if let Err(error) = self.sync_entry(&id, declaration, known.get(&id)).await {
                (self.0.engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
            }
        }
    }

    async fn sync_entry(&self, id: &str, declaration: Declaration, known: Option<&Stored>) -> Result<(), AddError> {
        let Some(known) = known else { return self.create(id.to_owned(), declaration, Origin::File).await };
        let same = known.declaration == declaration;
        if same && self.entries().contains_key(id) {
            return Ok(());
        }
        let stored = self.halt(id).await.map_or_else(|| known.clone(), |(_, stored)| stored);
        let stored = Stored { declaration, ..stored };
        self.0.engine.store.put(&stored)?;
        self.start(stored, Beginning::default())
    }

    /// Whether it can do its work.
    pub fn ready(&self) -> Result<(), String> {
        self.0.engine.store.ping().map_err(|error| error.to_string())
    }

    /// Stops all tasks. What was sent and not yet acknowledged is sent again when the relay starts again.
    pub async fn stop(self) {
        let ids: Vec<String> = self.entries().keys().cloned().collect();
        for id in ids {
            drop(self.halt(&id).await);
        }
    }
}

/// Follows a subscription until its URL ends it. A panic is told, and it goes on from its checkpoints.
async fn follow(engine: Arc<Engine>, live: Arc<Live>, deliverer: Arc<Deliverer>, mut beginning: Beginning) {
    loop {
        let follower = Follower::new(Arc::clone(&engine), Arc::clone(&live), Arc::clone(&deliverer), std::mem::take(&mut beginning));
        let Err(panic) = AssertUnwindSafe(follower.run()).catch_unwind().await else { return };
        let (error, id) = (panicked(&*panic), live.stored().id.clone());
        (engine.log)(LogLevel::Error, &format!("subscription {id}: {error}"));
        live.facts().last_error = Some(error);
        sleep(engine.options.discovery).await;
    }
}
