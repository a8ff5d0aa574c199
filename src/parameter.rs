//! Reads one SSM parameter: its name in, its value out. Throttles and server errors are retried until time is up.

use std::time::SystemTime;

use aws_sdk_ssm::Client;
use tokio::time::Instant;

use crate::write::drive::{Job, Settled, drive};
use crate::write::fault::Fault;

/// A parameter that was read; decrypted, if it is a SecureString.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub value: String,
    /// When it got this value.
    pub since: Option<SystemTime>,
}

/// The outcome of one look.
#[derive(Debug)]
pub struct Read {
    /// The parameter, or why it cannot be had.
    pub found: Result<Parameter, String>,
    /// `GetParameter` calls that were begun.
    pub calls: u32,
}

/// Reads the parameter `name`.
pub async fn read(client: &Client, name: &str, until: Instant) -> Read {
    let mut read = Read { found: Err("no time was left".to_owned()), calls: 0 };
    let send = |read: &mut Read, (): &()| {
        read.calls += 1;
        call(client, name)
    };
    let settle = |read: &mut Read, job: Job<()>, answer: Result<Parameter, Fault>| {
        let again = matches!(answer, Err(Fault::Throttled(_) | Fault::Transient(_)));
        read.found = answer.map_err(|fault| fault.to_string());
        if again { Settled::again(vec![Job { work: (), attempt: job.attempt + 1 }]) } else { Settled::done() }
    };
    drive(&mut read, [()], 1, until, send, settle).await;
    read
}

async fn call(client: &Client, name: &str) -> Result<Parameter, Fault> {
    let output = client.get_parameter().name(name).with_decryption(true).send().await;
    let parameter = output.map_err(|error| Fault::of(&error))?.parameter;
    let known = parameter.and_then(|parameter| {
        let since = parameter.last_modified_date.and_then(|date| SystemTime::try_from(date).ok());
        Some(Parameter { value: parameter.value?, since })
    });
    known.ok_or_else(|| Fault::Systemic("the parameter has no value".to_owned()))
}
