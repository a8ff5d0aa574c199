//! The batch id: the value of one SSM parameter, read once an invocation or less often.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_ssm::Client;
use tokio::time::Instant;

use crate::parameter::{self, Parameter};

/// A batch id that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub id: String,
    /// When the parameter got this value.
    pub since: Option<SystemTime>,
}

/// The outcome of one look at the parameter.
#[derive(Debug)]
pub struct Fetched {
    /// The batch id, or why it cannot be had. Nobody's record is at fault.
    pub batch: Result<Batch, String>,
    /// `GetParameter` calls that were begun.
    pub calls: u32,
}

/// Reads the batch id, and keeps it as long as the settings allow.
#[derive(Debug)]
pub struct BatchId {
    client: Client,
    parameter: String,
    max_age: Duration,
    kept: Mutex<Option<(Batch, Instant)>>,
}

impl BatchId {
    pub fn new(client: Client, parameter: String, max_age: Duration) -> Self {
        BatchId { client, parameter, max_age, kept: Mutex::new(None) }
    }

    /// The batch id that was read last, however long ago.
    pub fn last(&self) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(|(batch, _)| batch.id.clone())
    }

    /// The batch id, from the parameter unless a value young enough is kept. Throttles and server errors are retried until `until`.
    pub async fn fetch(&self, until: Instant) -> Fetched {
        let now = Instant::now();
        if let Some((batch, at)) = &*self.kept.lock().unwrap_or_else(PoisonError::into_inner)
            && now.duration_since(*at) < self.max_age
        {
            return Fetched { batch: Ok(batch.clone()), calls: 0 };
        }
        let fetched = self.read(until).await;
        if let Ok(batch) = &fetched.batch {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((batch.clone(), now));
        }
        fetched
    }

    async fn read(&self, until: Instant) -> Fetched {
        let read = parameter::read(&self.client, &self.parameter, until).await;
        let batch = read.found.map(|Parameter { value, since }| Batch { id: value, since });
        let batch = batch.map_err(|error| format!("the batch id in parameter {} cannot be read: {error}", self.parameter));
        Fetched { batch, calls: read.calls }
    }
}
