//! `tablefeed health`: whether a server answers well, for whatever watches it where there is neither a shell nor curl.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use http_body_util::Empty;
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::exit::{BadInput, Exit};
use crate::output;

const PATIENCE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "Examples:
  tablefeed health http://127.0.0.1:3000/ready
  tablefeed health http://127.0.0.1:8080/health/ready";

/// Ask a server whether it is well: exit code 0 if its answer is a 2xx, else 1
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Health {
    /// An http:// URL of a relay, an ingest or an emulator
    url: Uri,
}

impl Health {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let url = self.url;
        if url.scheme_str() != Some("http") {
            return Err(BadInput::error(format!("{url} must begin with http://")));
        }
        let asking = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>().get(url.clone());
        let answer = timeout(PATIENCE, asking).await.with_context(|| format!("{url} did not answer within {PATIENCE:?}"))?;
        let status = answer.with_context(|| format!("{url} does not answer"))?.status();
        if !status.is_success() {
            bail!("{url} answers {status}");
        }
        output::line(&format!("{url} answers {status}"))?;
        Ok(Exit::Done)
    }
}
