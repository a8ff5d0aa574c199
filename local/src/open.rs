//! One embedded AWS for all commands that use a directory: the first starts it, the others find it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep, timeout};

use crate::directory::{announced, canonical};
use crate::embedded::{Config, Embedded, Storage};
use crate::error::Error;
use crate::front::Front;

/// How long the owner of a directory may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// An embedded AWS, this process's own or another's.
pub enum Local {
    /// This process serves it, until it is stopped or dropped.
    Owned(Embedded),
    /// Another process serves it; this is its endpoint, which goes when that process goes.
    Attached(String),
}

impl Local {
    pub fn endpoint(&self) -> &str {
        match self {
            Local::Owned(embedded) => embedded.endpoint(),
            Local::Attached(endpoint) => endpoint,
        }
    }

    /// Stops the server if it is this process's own.
    pub async fn stop(self) {
        if let Local::Owned(embedded) = self {
            embedded.stop().await;
        }
    }
}

/// Takes the directory and serves it on `port` (0: any), or attaches to the process that does, on whatever port that is.
pub async fn open(dir: &Path, port: u16) -> Result<Local, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Embedded::start(Config { storage: Storage::Dir(dir.to_owned()), port }).await {
            Ok(embedded) => return Ok(Local::Owned(embedded)),
            Err(Error::Locked { dir }) if Instant::now() >= deadline => return Err(Error::OwnerSilent { dir }),
            Err(Error::Locked { .. }) => {}
            Err(error) => return Err(error),
        }
        // The owner may still be starting, or be gone by now: then the lock is free at the next turn.
        let path = canonical(dir)?;
        if let Some(endpoint) = announced(&path) {
            let answer = timeout(deadline.saturating_duration_since(Instant::now()), serves(&endpoint, path)).await;
            if answer == Ok(true) {
                return Ok(Local::Attached(endpoint));
            }
        }
        sleep(PAUSE).await;
    }
}

/// Whether the endpoint answers, and for this directory: its port may have passed to another server since it was written down.
async fn serves(endpoint: &str, directory: PathBuf) -> bool {
    let Ok(uri) = format!("{endpoint}/").parse::<Uri>() else { return false };
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let Ok(response) = client.get(uri).await else { return false };
    response.into_body().collect().await.is_ok_and(|body| body.to_bytes() == Front::identity(Some(directory)))
}
