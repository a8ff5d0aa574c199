//! `tablefeed run`: a file fed to the function line by line, as Lambda feeds it from a Kinesis shard.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tablefeed::settings::Settings;
use tablefeed_local::esm::{EventSource, OnFailure};

use crate::exit::Exit;
use crate::feed::feeding::{Fed, Feed, Limits, now};
use crate::feed::source;
use crate::feed::tape::{Order, Tape};
use crate::function;
use crate::output;
use crate::progress::Progress;
use crate::settings::Given;
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed run data.ndjson
  tablefeed run data.ndjson --set MAPPING=document --batch-size 100 --parallelization 4 --partition-key id
  tablefeed run data.ndjson --max-retry-attempts 3 --bisect --give-up-after 600 --json

Exit code 3: records are unfinished (a signal, --give-up-after, a line that is too long), or some were discarded.";

const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:persist";

/// Feed the function from a file, as Lambda would from a Kinesis shard, and go on where the last run ended
///
/// Each line is a record; empty lines are none, and a last line without a line break is one. A record's identity is the source's name and
/// the byte at which its line begins, so that a line that is delivered again writes the same item, and a file that has grown is fed from
/// its old end on. Its arrival is the time at which a run first saw it, which stays the same until --from-start.
///
/// What fails is delivered again after a wait, for ever unless a limit is given. The checkpoint is in `run/SOURCE.json` of the state
/// directory (with --aws and --endpoint-url: of .tablefeed), discarded records are in `run/SOURCE.discarded.ndjson` beside it. Ctrl-C lets
/// running deliveries end. A dry run (--set PERSIST_RECORDS=0) moves no checkpoint. Settings and resources are those of `tablefeed invoke`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// A file of JSON lines, or of anything else that a record may hold in one line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The stream's name, a part of every identity; by default the file's name
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The field whose text is the partition key; by default each line has a key of its own
    #[arg(long, value_name = "FIELD")]
    partition_key: Option<String>,
    /// The most records of an event
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch_size: u16,
    /// Events in flight at once; records with one partition key stay in order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    parallelization: u32,
    /// Discard a batch that was delivered again so often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    max_retry_attempts: Option<u32>,
    /// Discard records older than this
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=604_800))]
    max_record_age: Option<u64>,
    /// Split a batch that fails, and deliver its parts
    #[arg(long)]
    bisect: bool,
    /// End when nothing was completed for so long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    give_up_after: Option<u64>,
    /// Forget the checkpoint, and feed the file from its beginning
    #[arg(long)]
    from_start: bool,
    /// Write this batch id into the parameter first
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    batch_id: Option<String>,
    /// A setting of the function; may be given many times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The function's time-out
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Run {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let given = Given::new(&self.set, self.target.aws)?;
        self.target.check_batch_id(self.batch_id.as_deref())?;
        let settings = given.checked()?;
        let source = source::name(self.source.as_deref(), &self.file)?;
        let tape = Tape::open(&Order {
            file: &self.file,
            source: &source,
            destination: &self.destination(&settings),
            dir: &self.target.dir,
            from_start: self.from_start,
            dry_run: settings.dry_run(),
            partition_key: self.partition_key.as_deref(),
            now: now(),
        })?;
        let progress = Progress::begin(1);
        progress.stage("setting up");
        let target = Target::open(&self.target).await?;
        let fed = async {
            let function = function::prepare(&target, &given, settings, self.batch_id.as_deref()).await?.function;
            // Until here a signal ends the process at once: nothing is under way.
            let mut stop = Stop::listen()?;
            Feed::new(tape, self.event_source(&source), function, self.limits(), &progress)?.run(&mut stop).await
        };
        let fed = fed.await;
        target.close().await;
        drop(progress);
        let Fed { account, discards } = fed?;
        if self.json {
            output::line(&account.json())?;
        } else {
            let (file, discards) = (self.file.display().to_string(), discards.display().to_string());
            output::lines(account.lines(&file, &discards, &self.target.again(), &given.queue_option()))?;
        }
        Ok(account.exit())
    }

    /// What a checkpoint holds for: done here is not done elsewhere.
    fn destination(&self, settings: &Settings) -> String {
        let place = match &self.target.endpoint_url {
            _ if self.target.aws => "the cloud",
            Some(url) => url,
            None => "the embedded AWS",
        };
        format!("the table {} of {place}", settings.table.id)
    }

    fn event_source(&self, source: &str) -> EventSource {
        EventSource {
            batch_size: self.batch_size.into(),
            parallelization_factor: self.parallelization,
            max_retry_attempts: self.max_retry_attempts,
            max_record_age: self.max_record_age.map(Duration::from_secs),
            bisect_on_function_error: self.bisect,
            report_batch_item_failures: true,
            on_failure: OnFailure::Whole,
            ..EventSource::new(&source::arn(source), FUNCTION_ARN)
        }
    }

    fn limits(&self) -> Limits {
        Limits { timeout: Duration::from_secs(self.timeout), give_up_after: self.give_up_after.map(Duration::from_secs) }
    }
}
