//! Parameters, queues and messages, in one SQLite database: a file, or memory. What is answered is committed.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::error::Error;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS parameters (
  name TEXT PRIMARY KEY, type TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, modified INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS queues (
  name TEXT PRIMARY KEY, created INTEGER NOT NULL, modified INTEGER NOT NULL, visibility_timeout INTEGER NOT NULL,
  retention INTEGER NOT NULL, maximum_size INTEGER NOT NULL, delay INTEGER NOT NULL, wait INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL REFERENCES queues(name) ON DELETE CASCADE,
  body TEXT NOT NULL, attributes TEXT NOT NULL, sent INTEGER NOT NULL, visible_at INTEGER NOT NULL,
  receipt TEXT, received INTEGER NOT NULL DEFAULT 0, first_received INTEGER, turn INTEGER NOT NULL DEFAULT 0
);
";

/// Of a message, `turn` is the queue's latest receipt that it was a part of; 0 if it was never received.
const HAS_TURNS: &str = "SELECT count(*) > 0 FROM pragma_table_info('messages') WHERE name = 'turn'";
const ADD_TURNS: &str = "ALTER TABLE messages ADD COLUMN turn INTEGER NOT NULL DEFAULT 0";
const INDEX: &str = "
DROP INDEX IF EXISTS messages_of_queue;
CREATE INDEX IF NOT EXISTS messages_in_turn ON messages (queue, turn, number);
";

pub(crate) struct Store(Mutex<Connection>);

impl Store {
    pub(crate) fn memory() -> Result<Store, Error> {
        Connection::open_in_memory().and_then(prepare).map_err(|source| Error::Store { path: "memory".to_owned(), source })
    }

    pub(crate) fn file(path: &Path) -> Result<Store, Error> {
        let failed = |source| Error::Store { path: path.display().to_string(), source };
        let connection = Connection::open(path).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        prepare(connection).map_err(failed)
    }

    /// The connection, for one request at a time. A request that panicked left no open transaction: dropping one rolls it back.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: Connection) -> rusqlite::Result<Store> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.execute_batch(SCHEMA)?;
    // A file may be of a version that had none.
    if !connection.query_row(HAS_TURNS, [], |row| row.get::<_, bool>(0))? {
        connection.execute_batch(ADD_TURNS)?;
    }
    connection.execute_batch(INDEX)?;
    Ok(Store(Mutex::new(connection)))
}

/// Milliseconds since 1970, as SQLite keeps them.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_version_without_turns_keeps_its_messages() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&SCHEMA.replace(", turn INTEGER NOT NULL DEFAULT 0", "")).unwrap();
        connection.execute("INSERT INTO queues VALUES ('q', 0, 0, 30, 60, 1024, 0, 0)", []).unwrap();
        connection
            .execute("INSERT INTO messages (id, queue, body, attributes, sent, visible_at) VALUES ('m', 'q', 'b', '{}', 0, 0)", [])
            .unwrap();
        let store = prepare(connection).unwrap();
        let turn: i64 = store.lock().query_row("SELECT turn FROM messages WHERE id = 'm'", [], |row| row.get(0)).unwrap();
        assert_eq!(turn, 0);
    }
}
