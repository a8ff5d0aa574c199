//! Checkpoints of many lanes in one write: whoever comes to the store first writes for all that wait.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::{Connection, params};
use tokio::runtime::{Handle, RuntimeFlavor};

/// One row of the checkpoints.
#[derive(Debug)]
pub struct Row {
    pub subscription: String,
    pub stream: String,
    pub shard: String,
    pub position: String,
}

type Outcome = Arc<OnceLock<Result<(), String>>>;

/// The rows that wait.
#[derive(Debug, Default)]
pub struct Queue(Mutex<Vec<(Row, Outcome)>>);

impl Queue {
    /// Returns when the row is on the disk, or when it is known that it will not be.
    pub fn write(&self, connection: &Mutex<Connection>, row: Row) -> Result<(), String> {
        let outcome = Outcome::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((row, Arc::clone(&outcome)));
        blocking(|| {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = outcome.get() {
                return known.clone();
            }
            let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            let result = put(&mut connection, waiting.iter().map(|(row, _)| row)).map_err(|error| error.to_string());
            for (_, outcome) in &waiting {
                outcome.get_or_init(|| result.clone());
            }
            // Taken by a writer that did not come to its end.
            outcome.get().cloned().unwrap_or_else(|| Err("its writing was given up".to_owned()))
        })
    }
}

fn put<'r>(connection: &mut Connection, rows: impl Iterator<Item = &'r Row>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT OR REPLACE INTO checkpoint (subscription, stream, shard, position) VALUES (?, ?, ?, ?)")?;
        for row in rows {
            insert.execute(params![row.subscription, row.stream, row.shard, row.position])?;
        }
    }
    transaction.commit()
}

/// Waits for the disk; where there are other threads, they go on with the other tasks.
fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Sequence;
    use crate::store::{Checkpoint, Store};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn checkpoints_that_come_at_once_are_all_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        let store = Arc::new(Store::open(Some(&path)).unwrap());
        let write = |lane: u32| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 1..=20 {
                    let sequence = Sequence::parse(&number.to_string()).unwrap();
                    store.checkpoint("a", "arn", &lane.to_string(), &Checkpoint::After(sequence)).unwrap();
                }
            })
        };
        let lanes: Vec<_> = (0..8).map(write).collect();
        for lane in lanes {
            lane.await.unwrap();
        }
        drop(store);
        let known = Store::open(Some(&path)).unwrap().checkpoints("a", "arn").unwrap();
        assert_eq!(known.len(), 8);
        assert!(known.into_iter().all(|(_, checkpoint)| checkpoint == Checkpoint::After(Sequence::parse("20").unwrap())));
    }
}
