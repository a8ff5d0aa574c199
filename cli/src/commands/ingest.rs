//! `tablefeed ingest`: an HTTP server whose documents go to a table.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use aws_config::Region;
use clap::Args;
use tablefeed::aws::Clients;
use tablefeed::settings::{LogLevel, WriteFailures};
use tablefeed::table::{Definition, create_if_missing};
use tablefeed_ingest::app::APP;
use tablefeed_ingest::server::serve;
use tablefeed_ingest::{App, Home, IngestSettings};
use tokio::net::TcpListener;

use crate::exit::{BadInput, Exit};
use crate::output;
use crate::resources;
use crate::settings::ANY_QUEUE;
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};

/// The table on the embedded AWS unless another is named.
const TABLE: &str = "readings";

const EXAMPLES: &str = "Examples:
  tablefeed ingest
  curl --json '{\"temperature\": 10}' http://127.0.0.1:8080/
  TABLE=Orders tablefeed ingest --aws --port 9000 --set MAPPING=orders.json";

/// Take documents by HTTP and store them in a table, until Ctrl-C
///
/// POST one JSON object, an array of objects, or JSON lines. Settings come from the environment, and --set goes before it. On the embedded AWS the
/// table is created where it is missing. The first line on standard output is the server's URL.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Ingest {
    /// Port to listen on, 0 for any free one; by default PORT, or 8080
    #[arg(long)]
    port: Option<u16>,
    /// Listen beyond this machine without any API key
    #[arg(long)]
    no_auth: bool,
    /// Set a setting; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Ingest {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mut stop = Stop::listen()?;
        let settings = self.settings()?;
        let address = SocketAddr::new(settings.front.address, self.port.unwrap_or(settings.front.port));
        if !address.ip().is_loopback() && !settings.front.keys.any() && !self.no_auth {
            return Err(BadInput::error(format!("{} is open to others: set API_KEYS, or say --no-auth", address.ip())));
        }
        let target = Target::open(&self.target).await?;
        let served = self.serve(settings, address, &target, &mut stop).await;
        target.close().await;
        served.map(|()| Exit::Done)
    }

    fn settings(&self) -> anyhow::Result<IngestSettings> {
        let mut sets = Vec::new();
        for set in &self.sets {
            sets.push(set.split_once('=').ok_or_else(|| BadInput::error(format!("--set {set:?}: it must be NAME=VALUE")))?);
        }
        let given = |name: &str| {
            let set = sets.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            set.or_else(|| std::env::var(name).ok())
        };
        let named = ["TABLE", "DDB_CURATED_RECORDS_TABLE_ARN", "TABLE_NAME", "table_name", "INPUT", "input"];
        let has_table = self.target.aws || named.iter().any(|name| given(name).is_some_and(|value| !value.is_empty()));
        let look_up = |name: &str| match name {
            "TABLE" if !has_table => Some(TABLE.to_owned()),
            "DLQ_URL" if !self.target.aws => given(name).or_else(|| Some(ANY_QUEUE.to_owned())),
            _ => given(name),
        };
        let settings = IngestSettings::parse(look_up, |path| std::fs::read_to_string(path), Home::Server);
        let settings = settings.map_err(|error| BadInput::error(error.to_string()))?;
        for warning in &settings.function.warnings {
            output::note(&format!("warning: {warning}"));
        }
        Ok(settings)
    }

    async fn serve(&self, mut settings: IngestSettings, address: SocketAddr, target: &Target, stop: &mut Stop) -> anyhow::Result<()> {
        let region = settings.function.table.region.clone();
        if !target.is_cloud() {
            create(&target.clients(region.as_deref()), &mut settings).await?;
        }
        let mut config = target.config.clone();
        if let Some(region) = settings.front.region.clone() {
            config = config.into_builder().region(Region::new(region)).build();
        }
        let table = settings.function.table.id.clone();
        let clients = Clients::new(&config, APP, region.as_deref());
        let app = Arc::new(App::open(settings, clients, log).await?);
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        output::line(&format!("http://{}/", listener.local_addr()?))?;
        output::note(&format!("documents go to {table}; Ctrl-C stops it"));
        serve(listener, app, stop.wait()).await?;
        Ok(())
    }
}

/// What is missing on a laptop: the table, and the queue where letters are sent.
async fn create(clients: &Clients, settings: &mut IngestSettings) -> anyhow::Result<()> {
    let function = &mut settings.function;
    let name = function.table.id.rsplit('/').next().unwrap_or_default().to_owned();
    create_if_missing(&clients.dynamodb, &Definition::of_mapping(&name, &function.mapping)).await?;
    function.table.id = name;
    if function.write_failures == WriteFailures::Dlq && function.dlq_url == ANY_QUEUE {
        function.dlq_url = resources::letters_queue(clients).await?;
    }
    Ok(())
}

fn log(level: LogLevel, message: &str) {
    output::note(&format!("{}: {message}", if level == LogLevel::Error { "error" } else { "note" }));
}
