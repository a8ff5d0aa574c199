//! `bench-relay`: how soon a change arrives after its put was answered, and how many arrive a second, at a URL that takes 20 ms for each POST.
//!
//! ```text
//! puts ─► tablefeed emulate ─┬─► tablefeed relay ─► URL
//!                            └─► a plain poller ──► URL
//! ```
//! Both read at the same time, so that what else the machine does strikes both. Prints Markdown.

mod destination;
mod load;
mod poller;
mod process;
mod report;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_relay::stream::streams_client;
use tokio::time::{Instant, sleep};

use crate::destination::Destination;
use crate::poller::Poller;
use crate::process::Process;
use crate::report::{Contender, Report};

/// One by one, for the time until they arrive.
const PUTS: u64 = 600;
const PAUSE: Duration = Duration::from_millis(47);
/// There before anybody reads, for how many arrive a second.
const FILLED: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(120);

/// What both runs have in common.
struct World {
    endpoint: String,
    dynamodb: Client,
    poller: Poller,
    directory: tempfile::TempDir,
}

/// The two URLs of a run, and who POSTs to them; these end with the value.
struct Race {
    relay: Destination,
    poller: Destination,
    _process: Process,
    polling: tokio::task::JoinHandle<io::Result<()>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let directory = tempfile::tempdir()?;
    let emulator = Process::start(directory.path(), &["emulate", "--memory", "--port", "0"])?;
    let config = config_for_endpoint(&emulator.url);
    let dynamodb = Clients::new(&config, "tablefeed-bench", None).dynamodb;
    let poller = Poller { dynamodb: dynamodb.clone(), streams: streams_client(&config, None) };
    let world = World { endpoint: emulator.url.clone(), dynamodb, poller, directory };
    let mut report = Report { load: busy.split(' ').next().unwrap_or_default().to_owned(), ..Report::default() };
    let failed = |what: &str, error: &io::Error| io::Error::other(format!("{what}: {error:?}"));
    soon(&world, &mut report).await.map_err(|error| failed("the time until changes arrive", &error))?;
    many(&world, &mut report).await.map_err(|error| failed("how many arrive a second", &error))?;
    writeln!(io::stdout(), "{}", report.markdown())
}

impl World {
    async fn race(&self, table: &str) -> io::Result<Race> {
        let (relay, poller) = (Destination::start().await?, Destination::start().await?);
        let directory = self.directory.path().join(table);
        fs::create_dir(&directory)?;
        let process = follow(&directory, &self.endpoint, table, &relay.url)?;
        let polling = tokio::spawn(self.poller.clone().run(table.to_owned(), poller.url.clone()));
        Ok(Race { relay, poller, _process: process, polling })
    }
}

/// The relay with its own settings; the first line that it prints means that it runs.
fn follow(directory: &Path, endpoint: &str, table: &str, url: &str) -> io::Result<Process> {
    fs::write(directory.join("relay.yml"), format!("entries:\n  - {{table_name: {table}, url: \"{url}\", start: trim_horizon}}\n"))?;
    Process::start(directory, &["relay", "--port", "0", "--config", "relay.yml", "--endpoint-url", endpoint])
}

/// The time until a change arrives.
async fn soon(world: &World, report: &mut Report) -> io::Result<()> {
    load::create(&world.dynamodb, "soon").await?;
    let race = world.race("soon").await?;
    // Both have begun when the first ones arrive.
    load::put(&world.dynamodb, "soon", PUTS..PUTS + 1, Duration::ZERO).await?;
    race.wait(1).await?;
    let probe = tokio::spawn(world.poller.clone().round_trips("soon".to_owned()));
    let answered = load::put(&world.dynamodb, "soon", 0..PUTS, PAUSE).await?;
    race.wait(answered.len() + 1).await?;
    report.round_trips = probe.await??;
    report.relay = Contender { millis: race.relay.after(&answered), rate: 0.0 };
    report.poller = Contender { millis: race.poller.after(&answered), rate: 0.0 };
    Ok(())
}

/// How many arrive a second.
async fn many(world: &World, report: &mut Report) -> io::Result<()> {
    load::create(&world.dynamodb, "many").await?;
    load::fill(&world.dynamodb, "many", FILLED).await?;
    let race = world.race("many").await?;
    race.wait(usize::try_from(FILLED).unwrap_or(usize::MAX)).await?;
    report.relay.rate = race.relay.rate();
    report.poller.rate = race.poller.rate();
    Ok(())
}

impl Race {
    /// Until both URLs have so many.
    async fn wait(&self, count: usize) -> io::Result<()> {
        let begun = Instant::now();
        while self.relay.count() < count || self.poller.count() < count {
            if begun.elapsed() > PATIENCE || self.polling.is_finished() {
                let (relay, poller) = (self.relay.count(), self.poller.count());
                return Err(io::Error::other(format!("of {count} records {relay} arrived from the relay, {poller} from the poller")));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Race {
    fn drop(&mut self) {
        self.polling.abort();
    }
}
