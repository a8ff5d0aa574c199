//! `tablefeed letters redrive`: letters through the function again.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tablefeed::persist::redrive::Redrive as How;

use super::now;
use crate::exit::{BadInput, Exit};
use crate::function;
use crate::letters::account::{Account, End};
use crate::letters::filter::Filter;
use crate::letters::inbox::Inbox;
use crate::letters::queue::Queue;
use crate::letters::redriving::Redriving;
use crate::letters::run::{self, Pace};
use crate::letters::stream::Streams;
use crate::output;
use crate::progress::Progress;
use crate::resources::QUEUE;
use crate::settings::Given;
use crate::stop::Stop;
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed letters redrive --dry-run
  tablefeed letters redrive --reason missing_field --set MAPPING=fixed.json
  tablefeed letters redrive --from .tablefeed/run/data.ndjson.discarded.ndjson --set MAPPING=document
  tablefeed letters redrive --aws --queue tablefeed-letters --set TABLE=CuratedRecords --set LATEST_BATCH_ID=/tablefeed/latest-batch-id

Exit code 0: nothing is left that the filters select. 3: something is left: letters that failed again or stay, messages that another reader
hides, or what came behind --limit or a signal.";

/// Run letters through the function again, and delete those that are done
///
/// A letter is written with the identity that its document always had, and never over something newer. One that fails again goes back into the
/// queue under its id with a raised count; one whose key, chosen by its document, holds something different stays. Letters without data
/// are read back from their stream, as are records that Lambda gave up and told the queue of.
///
/// It may be ended at any moment, by kill -9 too: what is not deleted then comes into sight again, and the next run goes on. Settings and
/// resources are those of `tablefeed invoke`; letters that fail again go to --queue, unless --set DLQ_URL names another.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
pub struct Redrive {
    /// Redrive this many at most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Redrive this many a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Tag items with the batch id that was in force when the letter was written, not with today's
    #[arg(long)]
    keep_batch: bool,
    /// Where a key that documents choose holds something different: write over it
    #[arg(long, conflicts_with = "discard")]
    overwrite: bool,
    /// Where a key that documents choose holds something different: delete the letter; also messages whose records have expired
    #[arg(long)]
    discard: bool,
    /// Write nothing, delete nothing, and say what would happen
    #[arg(long)]
    dry_run: bool,
    /// How long messages are hidden from other readers; renewed while they are worked on
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..=43_200))]
    hide_seconds: u16,
    /// Redrive what files hold instead of the queue: an export, what Lambda left in a bucket, or what `tablefeed run` discarded
    #[arg(long, value_name = "FILE", num_args = 1..)]
    from: Vec<PathBuf>,
    /// Write this batch id into the parameter first
    #[arg(long, value_name = "ID", conflicts_with = "dry_run", value_parser = NonEmptyStringValueParser::new())]
    batch_id: Option<String>,
    /// A setting of the function; may be given many times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The function's time-out, for up to 500 letters
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: Filter,
    /// The queue; by default the one that --set DLQ_URL names, else tablefeed-letters
    #[arg(long, value_name = "NAME_OR_URL", help_heading = "Where")]
    queue: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Redrive {
    pub async fn run(self) -> anyhow::Result<Exit> {
        self.target.check_batch_id(self.batch_id.as_deref())?;
        if !self.from.is_empty() && self.filter.has_age() {
            return Err(BadInput::error("letters in a file have no age: leave --older-than and --newer-than out, or --from"));
        }
        let target = Target::open(&self.target).await?;
        let account = Box::pin(self.at(&target)).await;
        target.close().await;
        let account = account?;
        if self.json {
            output::line(&account.json())?;
        } else {
            output::lines(account.lines(&self.source()))?;
        }
        Ok(account.exit())
    }

    async fn at(&self, target: &Target) -> anyhow::Result<Account> {
        let mut sets = self.set.clone();
        let given = Given::new(&sets, self.target.aws)?;
        let queue = self.queue(target, &given).await?;
        if let Some(queue) = queue.as_ref().filter(|_| !given.is_set("DLQ_URL")) {
            sets.push(format!("DLQ_URL={}", queue.url));
        }
        let given = Given::new(&sets, self.target.aws)?;
        let settings = given.checked()?;
        let how = How { keep_batch: self.keep_batch, overwrite: self.overwrite, dry_run: self.dry_run || settings.dry_run() };
        let function = if how.dry_run {
            function::dry(target, settings)
        } else {
            function::prepare(target, &given, settings, self.batch_id.as_deref()).await?.function
        };
        let streams = Streams::new(&target.config);
        let timeout = Duration::from_secs(self.timeout);
        let mut redriving =
            Redriving::new(&function, streams, how, self.discard, timeout, format!("redrive-{}-{}-", now(), std::process::id()));
        let mut pace = Pace::begin(self.limit, self.rate);
        match queue {
            Some(queue) if self.from.is_empty() => self.of_queue(&mut redriving, queue, &mut pace).await?,
            _ => self.of_files(&mut redriving, &mut pace).await?,
        }
        Ok(redriving.account)
    }

    /// The queue that letters are read from, and sent to. Files need none: then there may be none yet.
    async fn queue(&self, target: &Target, given: &Given) -> anyhow::Result<Option<Queue>> {
        let named = self.queue.clone().or_else(|| given.value("DLQ_URL").filter(|_| given.is_set("DLQ_URL")));
        match named {
            Some(name) => Queue::open(target, &name).await.map(Some),
            None if self.from.is_empty() => Queue::open(target, QUEUE).await.map(Some),
            None => Ok(None),
        }
    }

    async fn of_queue(&self, redriving: &mut Redriving<'_>, queue: Queue, pace: &mut Pace) -> anyhow::Result<()> {
        let progress = Progress::begin(queue.counts().await?.visible);
        progress.stage("redriving");
        let mut inbox = Inbox::new(queue, self.hide_seconds);
        let mut stop = Stop::listen()?;
        let ended = tokio::select! {
            ended = run::queue(redriving, &mut inbox, &self.filter, now(), pace, &progress) => Some(ended),
            () = stop.wait() => None,
        };
        // Also when a call failed.
        let shown = inbox.show_again().await;
        if ended.is_none() {
            redriving.account.end = End::Stopped;
        }
        ended.transpose()?;
        shown?;
        redriving.account.hidden = inbox.hidden_by_others().await?;
        redriving.account.hidden_for = inbox.hides_for();
        Ok(())
    }

    async fn of_files(&self, redriving: &mut Redriving<'_>, pace: &mut Pace) -> anyhow::Result<()> {
        let progress = Progress::begin(1);
        progress.stage("redriving");
        let mut stop = Stop::listen()?;
        let ended = tokio::select! {
            ended = run::files(redriving, &self.from, &self.filter, pace, &progress) => Some(ended),
            () = stop.wait() => None,
        };
        if ended.is_none() {
            redriving.account.end = End::Stopped;
        }
        ended.transpose().map(|_| ())
    }

    /// Where the letters are from.
    fn source(&self) -> String {
        if self.from.is_empty() {
            return self.queue.as_deref().unwrap_or("the queue of letters").to_owned();
        }
        self.from.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }
}
