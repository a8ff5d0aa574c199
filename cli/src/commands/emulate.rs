//! `tablefeed emulate`: the embedded AWS for other programs, until it is told to stop.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;
use tablefeed_local::{Config, Embedded, Local, Storage};

use crate::exit::Exit;
use crate::output;
use crate::resources::{self, PARAMETER};
use crate::settings::Given;
use crate::stop::Stop;
use crate::target::Target;

const EXAMPLES: &str = "Examples:
  tablefeed emulate
  tablefeed emulate --port 0 --memory --json";

/// Serve the embedded AWS (DynamoDB, its streams, SSM and SQS) to other programs, until Ctrl-C
///
/// Table, parameter and queue are created as `tablefeed invoke` creates them. The first line on standard output is the endpoint; how to use
/// it follows on standard error.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Emulate {
    /// Port of 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Directory that keeps the state
    #[arg(long, value_name = "DIR", default_value = ".tablefeed")]
    dir: PathBuf,
    /// Keep the state in memory, and forget it at the end
    #[arg(long, conflicts_with = "dir")]
    memory: bool,
    /// Print endpoint, queue URL, table and parameter as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Emulate {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mut stop = Stop::listen()?;
        let local = self.open().await?;
        let endpoint = local.endpoint().to_owned();
        let target = Target::embedded(local);
        let served = self.announce(&target, &endpoint).await;
        if served.is_ok() {
            stop.wait().await;
        }
        target.close().await;
        served.map(|()| Exit::Done)
    }

    async fn open(&self) -> anyhow::Result<Local> {
        if self.memory {
            return Ok(Local::Owned(Embedded::start(Config { storage: Storage::Memory, port: self.port }).await?));
        }
        match tablefeed_local::open(&self.dir, self.port).await? {
            Local::Attached(endpoint) => {
                let dir = self.dir.display();
                bail!("another process serves {dir} at {endpoint}: use that endpoint, stop that process, or choose another --dir")
            }
            owned @ Local::Owned(_) => Ok(owned),
        }
    }

    async fn announce(&self, target: &Target, endpoint: &str) -> anyhow::Result<()> {
        let given = Given::new(&[], false)?;
        let mut settings = given.settings()?;
        resources::create(&target.clients(None), &given, &mut settings, None).await?;
        let (table, queue_url) = (&settings.table.id, &settings.dlq_url);
        if self.json {
            let line = json!({ "endpoint": endpoint, "queue_url": queue_url, "table": table, "parameter": PARAMETER });
            output::line(&line.to_string())?;
        } else {
            output::line(&format!("endpoint: {endpoint}"))?;
        }
        output::note(&how_to_use(endpoint, table, queue_url));
        Ok(())
    }
}

fn how_to_use(endpoint: &str, table: &str, queue_url: &str) -> String {
    format!(
        "
Any SDK, and the AWS CLI:
  export AWS_ENDPOINT_URL={endpoint} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws --endpoint-url {endpoint} dynamodb scan --table-name {table}

The function under cargo-lambda, with the same exports:
  export TABLE={table} LATEST_BATCH_ID={PARAMETER} DLQ_URL={queue_url}
  cargo lambda watch

Ctrl-C stops it."
    )
}
