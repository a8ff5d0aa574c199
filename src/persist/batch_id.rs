//! The batch id: the value of one SSM parameter, read once an invocation or less often.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::Parameter;
use tokio::time::Instant;

use crate::write::drive::{Job, Settled, drive};
use crate::write::fault::Fault;

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
        let mut fetched = Fetched { batch: Err("no time was left".to_owned()), calls: 0 };
        let send = |fetched: &mut Fetched, (): &()| {
            fetched.calls += 1;
            self.call()
        };
        let settle = |fetched: &mut Fetched, job: Job<()>, answer: Result<Batch, Fault>| {
            let again = matches!(answer, Err(Fault::Throttled(_) | Fault::Transient(_)));
            fetched.batch = answer.map_err(|fault| fault.to_string());
            if again { Settled::again(vec![Job { work: (), attempt: job.attempt + 1 }]) } else { Settled::done() }
        };
        drive(&mut fetched, [()], 1, until, send, settle).await;
        fetched.batch = fetched.batch.map_err(|error| format!("the batch id in parameter {} cannot be read: {error}", self.parameter));
        fetched
    }

    async fn call(&self) -> Result<Batch, Fault> {
        let output = self.client.get_parameter().name(&self.parameter).with_decryption(true).send().await;
        let parameter = output.map_err(|error| Fault::of(&error))?.parameter;
        parameter.and_then(batch).ok_or_else(|| Fault::Systemic("the parameter has no value".to_owned()))
    }
}

fn batch(parameter: Parameter) -> Option<Batch> {
    let since = parameter.last_modified_date.and_then(|date| SystemTime::try_from(date).ok());
    Some(Batch { id: parameter.value?, since })
}
