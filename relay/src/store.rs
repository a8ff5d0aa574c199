//! What survives a restart: subscriptions and their checkpoints, in one SQLite file. A call returns when its change is on the disk.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use crate::change::Sequence;
use crate::commit::{Queue, Row};
use crate::gaps::Gaps;
use crate::subscription::{Declaration, Origin, Start};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS subscription (
        id TEXT PRIMARY KEY, origin TEXT NOT NULL, created INTEGER NOT NULL, declaration TEXT NOT NULL, start TEXT NOT NULL,
        paused INTEGER NOT NULL, closed INTEGER NOT NULL, stream TEXT);
    CREATE TABLE IF NOT EXISTS checkpoint (
        subscription TEXT NOT NULL, stream TEXT NOT NULL, shard TEXT NOT NULL, position TEXT NOT NULL,
        PRIMARY KEY (subscription, stream, shard)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS gaps (subscription TEXT PRIMARY KEY, told TEXT NOT NULL);";
const ENDED: &str = "ENDED";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the relay's store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the relay's store: a checkpoint is not written: {0}")]
    Unwritten(String),
    #[error("the relay's store: subscription {id} cannot be read: {what}")]
    Unreadable { id: String, what: String },
}

/// A subscription as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub id: String,
    pub origin: Origin,
    /// Milliseconds since 1970.
    pub created: u64,
    pub declaration: Declaration,
    /// The declaration's, or that of the last replay.
    pub start: Start,
    pub paused: bool,
    pub closed: bool,
    /// The ARN of the stream that it reads; `None` until one was found.
    pub stream: Option<String>,
}

/// How far a subscription is in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkpoint {
    After(Sequence),
    Ended,
}

impl Checkpoint {
    /// The last record that was acknowledged; `None` at the shard's end.
    pub fn after(self) -> Option<Sequence> {
        if let Checkpoint::After(sequence) = self { Some(sequence) } else { None }
    }
}

/// The open store.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    /// Checkpoints that are to be written.
    queue: Queue,
}

impl Store {
    /// Opens or makes the file; in memory without one.
    pub fn open(path: Option<&Path>) -> Result<Store, StoreError> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Store { connection: Mutex::new(connection), queue: Queue::default() })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, in the order of their ids.
    pub fn subscriptions(&self) -> Result<Vec<Stored>, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare("SELECT id, origin, created, declaration, start, paused, closed, stream FROM subscription ORDER BY id")?;
        let mut rows = select.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let origin: String = row.get(1)?;
            let unreadable = |what: String| StoreError::Unreadable { id: id.clone(), what };
            let text: String = row.get(3)?;
            let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
            let declaration = Declaration::parse(&value).map_err(|errors| unreadable(format!("{errors:?}")))?;
            let start: String = row.get(4)?;
            found.push(Stored {
                origin: if origin == "file" { Origin::File } else { Origin::Http },
                created: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
                declaration,
                start: start_of(&start).ok_or_else(|| unreadable(format!("start {start:?}")))?,
                paused: row.get(5)?,
                closed: row.get(6)?,
                stream: row.get(7)?,
                id,
            });
        }
        Ok(found)
    }

    /// Stores a subscription, new or changed.
    pub fn put(&self, stored: &Stored) -> Result<(), StoreError> {
        let origin = origin_text(stored.origin);
        let created = i64::try_from(stored.created).unwrap_or(i64::MAX);
        let declaration = stored.declaration.to_value().to_string();
        self.connection().execute(
            "INSERT OR REPLACE INTO subscription (id, origin, created, declaration, start, paused, closed, stream) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![stored.id, origin, created, declaration, start_text(stored.start), stored.paused, stored.closed, stored.stream],
        )?;
        Ok(())
    }

    /// Removes a subscription, with its checkpoints and gaps.
    pub fn remove(&self, id: &str) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM checkpoint WHERE subscription = ?", [id])?;
        transaction.execute("DELETE FROM gaps WHERE subscription = ?", [id])?;
        transaction.execute("DELETE FROM subscription WHERE id = ?", [id])?;
        Ok(transaction.commit()?)
    }

    /// The gaps that were told of a subscription.
    pub fn gaps(&self, id: &str) -> Result<Gaps, StoreError> {
        let told =
            self.connection().query_row("SELECT told FROM gaps WHERE subscription = ?", [id], |row| row.get::<_, String>(0)).optional()?;
        let Some(told) = told else { return Ok(Gaps::default()) };
        serde_json::from_str(&told).map_err(|error| StoreError::Unreadable { id: id.to_owned(), what: format!("gaps: {error}") })
    }

    pub fn put_gaps(&self, id: &str, gaps: &Gaps) -> Result<(), StoreError> {
        let told = serde_json::to_string(gaps).map_err(|error| StoreError::Unreadable { id: id.to_owned(), what: error.to_string() })?;
        self.connection().execute("INSERT OR REPLACE INTO gaps (subscription, told) VALUES (?, ?)", [id, &told])?;
        Ok(())
    }

    /// Removes the checkpoints of a subscription.
    pub fn forget(&self, id: &str) -> Result<(), StoreError> {
        self.connection().execute("DELETE FROM checkpoint WHERE subscription = ?", [id])?;
        Ok(())
    }

    /// The shards of a stream in which a subscription has a checkpoint.
    pub fn checkpoints(&self, id: &str, stream: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT shard, position FROM checkpoint WHERE subscription = ? AND stream = ?")?;
        let rows = select.query_map([id, stream], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (shard, position) = row?;
            let checkpoint = Sequence::parse(&position).map_or(Checkpoint::Ended, Checkpoint::After);
            found.push((shard, checkpoint));
        }
        Ok(found)
    }

    /// Stores that a subscription has nothing to read in these shards.
    pub fn ended(&self, id: &str, stream: &str, shards: &[String]) -> Result<(), StoreError> {
        if shards.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for shard in shards {
            transaction.execute(
                "INSERT OR REPLACE INTO checkpoint (subscription, stream, shard, position) VALUES (?, ?, ?, ?)",
                params![id, stream, shard, ENDED],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Whether it answers.
    pub fn ping(&self) -> Result<(), StoreError> {
        Ok(self.connection().query_row("SELECT 1", [], |_| Ok(()))?)
    }

    /// Stores how far a subscription is in a shard.
    pub fn checkpoint(&self, id: &str, stream: &str, shard: &str, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let position = match checkpoint {
            Checkpoint::After(sequence) => sequence.as_str(),
            Checkpoint::Ended => ENDED,
        };
        let text = str::to_owned;
        let row = Row { subscription: text(id), stream: text(stream), shard: text(shard), position: text(position) };
        self.queue.write(&self.connection, row).map_err(StoreError::Unwritten)
    }
}

/// `file` or `http`.
pub fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::File => "file",
        Origin::Http => "http",
    }
}

fn start_text(start: Start) -> String {
    match start {
        Start::Latest => "latest".to_owned(),
        Start::TrimHorizon => "trim_horizon".to_owned(),
        Start::At(millis) => millis.to_string(),
    }
}

fn start_of(text: &str) -> Option<Start> {
    match text {
        "latest" => Some(Start::Latest),
        "trim_horizon" => Some(Start::TrimHorizon),
        millis => millis.parse().ok().map(Start::At),
    }
}
