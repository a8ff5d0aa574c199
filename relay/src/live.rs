//! What is known of one subscription while the process runs; lanes tell it, views show it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::gaps::Gaps;
use crate::state::{Counts, Gap, Status, View};
use crate::store::{Store, StoreError, Stored, origin_text};

/// How long a stream keeps a record, in milliseconds.
const RETENTION_MS: u64 = 24 * 60 * 60 * 1000;

/// One subscription.
#[derive(Debug)]
pub struct Live {
    stored: Mutex<Stored>,
    facts: Mutex<Facts>,
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub struct Facts {
    pub running: bool,
    pub removed: bool,
    /// Table or stream are missing.
    pub missing: Option<String>,
    /// Deliveries fail.
    pub failing: Option<String>,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub last_sequence: Option<String>,
    pub counts: Counts,
    pub gaps: Gaps,
    /// By shard: how many records are read and not acknowledged, and when the oldest was made.
    pub pending: BTreeMap<String, (u64, u64)>,
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Live {
    pub fn new(stored: Stored) -> Live {
        Live { stored: Mutex::new(stored), facts: Mutex::default() }
    }

    pub fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a gap, and stores it: what is read behind it may be acknowledged only when that has succeeded.
    pub fn gap(&self, store: &Store, gap: Gap) -> Result<(), StoreError> {
        let id = self.stored().id.clone();
        let mut facts = self.facts();
        facts.gaps.tell(gap);
        store.put_gaps(&id, &facts.gaps)
    }

    pub fn view(&self, now: u64) -> View {
        let stored = self.stored().clone();
        let facts = self.facts();
        let oldest = facts.pending.values().filter(|(count, _)| *count > 0).map(|(_, created)| *created).min();
        View {
            status: status(&stored, &facts),
            error: facts.missing.clone().or_else(|| facts.failing.clone()),
            origin: origin_text(stored.origin),
            id: stored.id,
            table_name: stored.declaration.table_name,
            url: stored.declaration.url,
            created: stored.created,
            lag_ms: oldest.map_or(0, |created| now.saturating_sub(created)),
            lag_records: facts.pending.values().map(|(count, _)| count).sum(),
            time_to_trim_ms: oldest.map(|created| (created + RETENTION_MS).saturating_sub(now)),
            last_sequence: facts.last_sequence.clone(),
            attempts: facts.attempts,
            last_error: facts.last_error.clone(),
            counts: facts.counts,
            gaps: facts.gaps.kept.clone(),
            gaps_forgotten: facts.gaps.forgotten,
        }
    }
}

fn status(stored: &Stored, facts: &Facts) -> Status {
    if facts.removed {
        Status::Removed
    } else if stored.closed {
        Status::Closed
    } else if stored.paused {
        Status::Paused
    } else if facts.missing.is_some() || facts.failing.is_some() {
        Status::Error
    } else if facts.running {
        Status::Running
    } else {
        Status::Created
    }
}
