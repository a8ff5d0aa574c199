//! `tablefeed invoke`: one event through the function, and what became of it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::exit::{BadInput, Exit};
use crate::generate::{self, Order};
use crate::output;
use crate::progress::Progress;
use crate::run::Run;
use crate::runs;
use crate::settings::Given;
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed invoke events/curated.json
  tablefeed invoke events/mixed.json --batch-id batch-7 --set PERSIST_RECORDS=100
  tablefeed invoke events/kafka.json
  tablefeed invoke --generate 6000 --poison 60 --json";

/// Run the function on an event, with what it needs created first
///
/// Settings come from --set and the defaults alone, never from the environment: TABLE is CuratedRecords (Documents for the mapping
/// `document`, Items for any other), LATEST_BATCH_ID is /tablefeed/latest-batch-id, DLQ_URL is the queue tablefeed-letters. With --aws
/// nothing is created, and these three have to be given.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Invoke {
    #[command(flatten)]
    source: Source,
    /// Records of the generated event that become letters, in every way there is
    #[arg(long, value_name = "P", requires = "generate", conflicts_with = "file", default_value_t = 0)]
    poison: u64,
    /// Another seed makes another event
    #[arg(long, value_name = "S", requires = "generate", conflicts_with = "file", default_value_t = 1)]
    seed: u64,
    /// Write the generated event to a file instead of running the function
    #[arg(long, value_name = "FILE", requires = "generate", conflicts_with = "file")]
    out: Option<PathBuf>,
    /// Write this batch id into the parameter first
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    batch_id: Option<String>,
    /// A setting of the function; may be given many times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Invocations with the same event, as when Lambda delivers it again
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    repeat: u64,
    /// The function's time-out
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print the function's log line and metrics on standard error
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A Kinesis or Kafka event as Lambda delivers it; - is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Make an event of N records of about 300 bytes instead of reading one
    #[arg(long, value_name = "N")]
    generate: Option<u64>,
}

impl Invoke {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let (source, event) = self.event()?;
        if let Some(file) = &self.out {
            std::fs::write(file, &event).with_context(|| format!("cannot write {}", file.display()))?;
            output::line(&format!("{}: {source}, {} bytes", file.display(), event.len()))?;
            return Ok(Exit::Done);
        }
        self.target.check_batch_id(self.batch_id.as_deref())?;
        let given = Given::new(&self.set, self.target.aws)?;
        let settings = given.checked()?;
        let progress = Progress::begin(self.repeat);
        let target = Target::open(&self.target).await?;
        let run = Run {
            given: &given,
            settings,
            batch_id: self.batch_id.as_deref(),
            source: &source,
            event: &event,
            repeat: self.repeat,
            timeout: Duration::from_secs(self.timeout),
            verbose: self.verbose,
        };
        let summary = run.at(&target, &progress).await;
        target.close().await;
        drop(progress);
        let summary = summary?;
        runs::remember(&self.target, "invoke", &source, &summary);
        if self.json {
            output::line(&summary.json()?)?;
        } else {
            output::lines(summary.lines(&source, &self.target.again(), &given.queue_option()))?;
        }
        Ok(summary.exit())
    }

    /// The event, and where it is from.
    fn event(&self) -> anyhow::Result<(String, Vec<u8>)> {
        if let Some(records) = self.source.generate {
            let event = generate::event(Order { records, poison: self.poison, seed: self.seed })?;
            return Ok((format!("{records} generated records, {} poison, seed {}", self.poison, self.seed), event.into_bytes()));
        }
        match self.source.file.as_deref() {
            Some(file) if file != Path::new("-") => {
                let event = std::fs::read(file);
                let event = event.map_err(|error| BadInput::error(format!("cannot read the event {}: {error}", file.display())))?;
                Ok((file.display().to_string(), event))
            }
            _ => {
                let mut event = Vec::new();
                std::io::stdin().lock().read_to_end(&mut event).context("cannot read standard input")?;
                Ok(("standard input".to_owned(), event))
            }
        }
    }
}
