//! `tablefeed status`: one screen of how things stand.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::doctor::{needs_function, read_mapping};
use crate::doctor::read::{self, Order};
use crate::exit::Exit;
use crate::output;
use crate::settings::Given;
use crate::status::screen;
use crate::status::snapshot::{Snapshot, snapshot};
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed status
  tablefeed status --watch
  tablefeed status tablefeed-persist --aws --json";

/// The top left corner, and nothing on the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// Show how things stand: sources, batch id, letters by reason, lag and outcomes, and the last runs
///
/// Of a function: its event source mappings and the result of their last event, batch id and queue. Without one: the embedded AWS, how far files were fed,
/// and what the last runs of `invoke` and `run` came to. Letters are looked at, never hidden. How far a function is behind its stream, and what became of documents
/// in the last hour, is CloudWatch's to tell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    /// The function's name or ARN
    function: Option<String>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// Look again every so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
    /// The file that the function's MAPPING names, as it is here
    #[arg(long, value_name = "FILE", requires = "function")]
    mapping: Option<PathBuf>,
    /// A setting of a run with the embedded AWS; may be given many times
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "function")]
    set: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Status {
    pub async fn run(self) -> anyhow::Result<Exit> {
        needs_function(self.function.as_deref(), &self.target)?;
        let given = Given::new(&self.set, self.target.aws)?;
        if self.function.is_none() {
            given.settings()?;
        }
        let mapping = self.mapping.as_deref().map(read_mapping).transpose()?;
        let Some(seconds) = self.watch else {
            self.show(&self.look(&given, mapping.as_deref()).await?)?;
            return Ok(Exit::Done);
        };
        let mut stop = Stop::listen()?;
        loop {
            let seen = tokio::select! {
                () = stop.wait() => return Ok(Exit::Done),
                seen = self.look(&given, mapping.as_deref()) => seen?,
            };
            self.show(&seen)?;
            let pause = tokio::time::sleep(Duration::from_secs(seconds));
            tokio::select! {
                () = stop.wait() => return Ok(Exit::Done),
                () = pause => {}
            }
        }
    }

    /// The embedded AWS is given back at once, so that others can have it between two looks.
    async fn look(&self, given: &Given, mapping: Option<&str>) -> anyhow::Result<Snapshot> {
        let target = Target::open(&self.target).await?;
        let order = Order { function: self.function.as_deref(), given, mapping, stale_after: Duration::ZERO };
        let deployment = read::read(&target, &self.target, &order).await;
        let seen = snapshot(&target, &self.target, &deployment).await;
        target.close().await;
        Ok(seen)
    }

    fn show(&self, seen: &Snapshot) -> anyhow::Result<()> {
        if self.json {
            output::line(&serde_json::to_string(seen)?)?;
            return Ok(());
        }
        let mut lines = screen::lines(seen);
        if self.watch.is_some() && std::io::stdout().is_terminal() {
            lines.insert(0, CLEAR.to_owned());
        }
        output::lines(lines)?;
        Ok(())
    }
}
