//! `tablefeed run`: a file fed to the function line by line, as Lambda feeds it from a Kinesis shard; or a Kafka topic.

use std::path::{Path, PathBuf};
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
use crate::runs;
use crate::settings::Given;
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};
use crate::topic::{self, KafkaArgs};

const EXAMPLES: &str = "Examples:
  tablefeed run data.ndjson
  tablefeed run data.ndjson --set MAPPING=document --batch-size 100 --parallelization 4 --partition-key id
  tablefeed run data.ndjson --max-retry-attempts 3 --bisect --give-up-after 600 --json
  tablefeed run --kafka localhost:9092 --topic orders --set MAPPING=document --until-end

Exit code 3: records are unfinished (a signal, --give-up-after, a line that is too long), or some were discarded. With --kafka: an event
that was delivered is unfinished; a signal alone is exit code 0.";

const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:persist";

/// The most records of an event, unless --batch-size says otherwise.
const FROM_FILE: u16 = 1000;
const FROM_TOPIC: u16 = 500;

/// Feed the function from a file or a Kafka topic, as Lambda would, and go on where the last run ended
///
/// Each line is a record; empty lines are none, and a last line without a line break is one. A record's identity is the source's name and
/// the byte at which its line begins, so that a line that is delivered again writes the same item, and a file that has grown is fed from
/// its old end on. Its arrival is the time at which a run first saw it, which stays the same until --from-start.
///
/// What fails is delivered again after a wait, for ever unless a limit is given. The checkpoint is in `run/SOURCE.json` of the state
/// directory (with --aws and --endpoint-url: of .tablefeed), discarded records are in `run/SOURCE.discarded.ndjson` beside it. Ctrl-C lets
/// running deliveries end. A dry run (--set PERSIST_RECORDS=0) moves no checkpoint. Settings and resources are those of `tablefeed invoke`.
///
/// With --kafka a topic takes the file's place: this is a member of a consumer group, which commits an offset once everything in front of it
/// is done. It runs until Ctrl-C, or --until-end.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// A file of JSON lines, or of anything else that a record may hold in one line
    #[arg(value_name = "FILE", required_unless_present = "kafka", conflicts_with = "kafka")]
    file: Option<PathBuf>,
    /// The stream's name, a part of every identity; by default the file's name
    #[arg(long, value_name = "NAME", conflicts_with = "kafka")]
    source: Option<String>,
    /// The field whose text is the partition key; by default each line has a key of its own
    #[arg(long, value_name = "FIELD", conflicts_with = "kafka")]
    partition_key: Option<String>,
    /// The most records of an event; by default 1000 of a file, 500 of a topic
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch_size: Option<u16>,
    /// Events in flight at once; records with one partition key stay in order
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "kafka", value_parser = clap::value_parser!(u32).range(1..=10))]
    parallelization: u32,
    /// Discard a batch that was delivered again so often
    #[arg(long, value_name = "N", conflicts_with = "kafka", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    max_retry_attempts: Option<u32>,
    /// Discard records older than this
    #[arg(long, value_name = "SECONDS", conflicts_with = "kafka", value_parser = clap::value_parser!(u64).range(60..=604_800))]
    max_record_age: Option<u64>,
    /// Split a batch that fails, and deliver its parts
    #[arg(long, conflicts_with = "kafka")]
    bisect: bool,
    /// End when nothing was completed for so long
    #[arg(long, value_name = "SECONDS", conflicts_with = "kafka", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    give_up_after: Option<u64>,
    /// Forget the checkpoint, and feed the file from its beginning
    #[arg(long, conflicts_with = "kafka")]
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
    kafka: KafkaArgs,
    #[command(flatten)]
    target: TargetArgs,
}

impl Run {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let given = Given::new(&self.set, self.target.aws)?;
        self.target.check_batch_id(self.batch_id.as_deref())?;
        let settings = given.checked()?;
        match &self.file {
            Some(file) => self.feed_file(file, &given, settings).await,
            None => self.feed_topic(&given, settings).await,
        }
    }

    async fn feed_topic(&self, given: &Given, settings: Settings) -> anyhow::Result<Exit> {
        let options = self.kafka.options(&settings.table.id, self.batch_size.unwrap_or(FROM_TOPIC), self.limits().timeout)?;
        let progress = Progress::begin(1);
        progress.stage("setting up");
        let target = Target::open(&self.target).await?;
        let fed = async {
            let function = function::prepare(&target, given, settings, self.batch_id.as_deref()).await?.function;
            // Until here a signal ends the process at once: nothing is under way.
            let mut stop = Stop::listen()?;
            topic::feed(options, function, &progress, &mut stop).await
        };
        let fed = fed.await;
        target.close().await;
        drop(progress);
        let account = fed?;
        runs::remember(&self.target, "run", &account.topic, &account.deliveries);
        if self.json {
            output::line(&account.json())?;
        } else {
            output::lines(account.lines(&self.target.again(), &given.queue_option()))?;
        }
        Ok(account.exit())
    }

    async fn feed_file(&self, file: &Path, given: &Given, settings: Settings) -> anyhow::Result<Exit> {
        let source = source::name(self.source.as_deref(), file)?;
        let tape = Tape::open(&Order {
            file,
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
            let function = function::prepare(&target, given, settings, self.batch_id.as_deref()).await?.function;
            // Until here a signal ends the process at once: nothing is under way.
            let mut stop = Stop::listen()?;
            Feed::new(tape, self.event_source(&source), function, self.limits(), &progress)?.run(&mut stop).await
        };
        let fed = fed.await;
        target.close().await;
        drop(progress);
        let Fed { account, discards } = fed?;
        runs::remember(&self.target, "run", &source, &account.deliveries);
        if self.json {
            output::line(&account.json())?;
        } else {
            let (file, discards) = (file.display().to_string(), discards.display().to_string());
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
        format!("the table {} of {place}{}", settings.table.id, self.target.account.again("aws-profile"))
    }

    fn event_source(&self, source: &str) -> EventSource {
        EventSource {
            batch_size: self.batch_size.unwrap_or(FROM_FILE).into(),
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
