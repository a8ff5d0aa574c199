//! `tablefeed relay`: changes of tables, POSTed to URLs, and the server that controls it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tablefeed::settings::LogLevel;
use tablefeed_relay::clients::RelayClients;
use tablefeed_relay::control::{Control, router};
use tablefeed_relay::enable::enable_stream;
use tablefeed_relay::relay::{Options, Relay as Engine};
use tablefeed_relay::state::Status;
use tablefeed_relay::subscription::Declaration;
use tablefeed_relay::{RelaySettings, config};
use tablefeed_server::Limits;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::exit::{BadInput, Exit};
use crate::output;
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};

/// How often tables without a stream are looked for, on the embedded AWS.
const STREAMS_SEEN: Duration = Duration::from_millis(200);
/// How often lost streams are looked for there, where looking costs nothing.
const DISCOVERY: Duration = Duration::from_millis(500);
const LIMITS: Limits = Limits { connections: 256, drain: Duration::from_secs(5) };
const STATE: &str = "relay.db";

const EXAMPLES: &str = "Examples:
  tablefeed relay
  tablefeed relay --config relay.yml --port 3001
  API_KEYS=… tablefeed relay --aws --config relay.yml --set BIND_ADDRESS=0.0.0.0

Then: tablefeed listen --subscribe TABLE";

/// Follow the streams of tables and POST their changes to URLs, until Ctrl-C
///
/// Subscriptions come from a file, read again on SIGHUP, and over HTTP. Settings come from the environment, and --set goes before it. On the
/// embedded AWS tables that are subscribed to get a stream, and URLs may lead to this machine. The first line on standard output is the URL of
/// the control server, which is also a page for a browser.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Relay {
    /// File with subscriptions; by default CONFIG_PATH, or none
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Port to listen on, 0 for any free one; by default PORT, or 3000
    #[arg(long)]
    port: Option<u16>,
    /// Let URLs that come over HTTP lead to private, loopback and link-local addresses
    #[arg(long)]
    allow_private: bool,
    /// Listen beyond this machine without any API key
    #[arg(long)]
    no_auth: bool,
    /// Set a setting; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Relay {
    pub async fn run(mut self) -> anyhow::Result<Exit> {
        let mut stop = Stop::listen()?;
        let settings = self.settings()?;
        let entries = self.entries()?;
        let address = SocketAddr::new(settings.address, self.port.unwrap_or(settings.port));
        if !address.ip().is_loopback() && !settings.keys.any() && !self.no_auth {
            return Err(BadInput::error(format!("{} is open to others: set API_KEYS, or say --no-auth", address.ip())));
        }
        let target = Target::open(&self.target).await?;
        let served = self.serve(settings, entries, address, &target, &mut stop).await;
        target.close().await;
        served.map(|()| Exit::Done)
    }

    /// The settings; the options that they fill where those are not given are filled, too.
    fn settings(&mut self) -> anyhow::Result<RelaySettings> {
        let mut sets = Vec::new();
        for set in &self.sets {
            sets.push(set.split_once('=').ok_or_else(|| BadInput::error(format!("--set {set:?}: it must be NAME=VALUE")))?);
        }
        let given = |name: &str| {
            let set = sets.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            set.or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
        };
        let state = || (!self.target.aws && self.target.endpoint_url.is_none()).then(|| self.target.dir.join(STATE));
        let look_up = |name: &str| match name {
            "STATE_PATH" if given("DYNAMODB_ENDPOINT_URL").is_none() => {
                given(name).or_else(|| state().map(|path| path.display().to_string()))
            }
            _ => given(name),
        };
        let settings = RelaySettings::parse(look_up, |path| std::fs::read_to_string(path));
        let mut settings = settings.map_err(|error| BadInput::error(error.to_string()))?;
        if self.target.endpoint_url.is_some() {
            (settings.endpoint_url, settings.streams_endpoint_url) = (None, None);
        } else if !self.target.aws {
            self.target.endpoint_url.clone_from(&settings.endpoint_url);
        }
        self.config = self.config.take().or_else(|| settings.config_path.clone());
        Ok(settings)
    }

    /// The file's subscriptions, with their ids.
    fn entries(&self) -> anyhow::Result<Vec<(String, Declaration)>> {
        let Some(path) = &self.config else { return Ok(Vec::new()) };
        let told = |problem: String| BadInput::error(format!("{}: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| told(format!("cannot be read: {error}")))?;
        let declarations = config::parse(&text).map_err(|error| told(error.to_string()))?;
        Ok(declarations.into_iter().map(|declaration| (config::id(&declaration), declaration)).collect())
    }

    async fn serve(
        &self,
        settings: RelaySettings,
        entries: Vec<(String, Declaration)>,
        address: SocketAddr,
        target: &Target,
        stop: &mut Stop,
    ) -> anyhow::Result<()> {
        let embedded = target.is_embedded();
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let clients = RelayClients::new(&target.config, settings.endpoint_url.as_deref(), settings.streams_endpoint_url.as_deref());
        let options = Options {
            poll: settings.poll,
            discovery: if embedded { DISCOVERY.min(settings.discovery) } else { settings.discovery },
            allow_private: settings.allow_private || self.allow_private || embedded,
            ..Options::default()
        };
        let state = settings.state_path.as_path();
        let tables = clients.dynamodb.clone();
        let engine = open(options, clients, state).await?;
        if embedded {
            for (_, entry) in &entries {
                enable(&tables, &entry.table_name).await;
            }
        }
        engine.sync_file(entries).await;
        let keys = settings.keys.load(&target.clients(None)).await?;
        let control = Control::new(engine.clone(), keys, embedded.then(|| tables.clone()));
        output::line(&format!("http://{}/", listener.local_addr()?))?;
        output::note(&format!(
            "state is in {}; tablefeed listen --subscribe TABLE shows a table's changes; Ctrl-C stops it",
            state.display()
        ));
        tokio::select! {
            () = tablefeed_server::serve(listener, router(Arc::new(control)), LIMITS, stop.wait()) => {}
            reloading = self.reload(&engine) => reloading?,
            () = enable_all(&engine, &tables), if embedded => {}
        }
        engine.stop().await;
        Ok(())
    }

    /// Reads the file again whenever SIGHUP comes; a bad one is said, and the old entries stay.
    async fn reload(&self, engine: &Engine) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup()).context("cannot listen for signals")?;
        loop {
            hangup.recv().await;
            match self.entries() {
                Ok(entries) => {
                    let count = entries.len();
                    engine.sync_file(entries).await;
                    output::note(&format!("note: read again; the file has {count} subscriptions"));
                }
                Err(error) => output::note(&format!("error: {error}; the subscriptions stay as they were")),
            }
        }
    }
}

async fn open(options: Options, clients: RelayClients, state: &Path) -> anyhow::Result<Engine> {
    let opened = Engine::open(options, clients.dynamodb, clients.streams, clients.sqs, Some(state), log).await;
    opened.with_context(|| format!("the state {} cannot be used", state.display()))
}

/// Gives tables a stream that appear, or lose theirs, while they are subscribed to.
async fn enable_all(engine: &Engine, tables: &aws_sdk_dynamodb::Client) {
    loop {
        sleep(STREAMS_SEEN).await;
        for view in engine.list() {
            if matches!(view.status, Status::Created | Status::Error) {
                enable(tables, &view.table_name).await;
            }
        }
    }
}

async fn enable(tables: &aws_sdk_dynamodb::Client, table: &str) {
    match enable_stream(tables, table).await {
        Ok(true) => output::note(&format!("note: enabled a stream of table {table}")),
        Ok(false) => {}
        Err(error) => output::note(&format!("error: {error}")),
    }
}

fn log(level: LogLevel, message: &str) {
    output::note(&format!("{}: {message}", if level == LogLevel::Error { "error" } else { "note" }));
}
