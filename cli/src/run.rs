//! The function run on one event: set-up, one invocation after the other, and the account of them.
//!
//! In: checked settings and an event. Out: [`Summary`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use tablefeed::aws::Clients;
use tablefeed::settings::Settings;
use tokio::time::Instant;

use crate::function::{self, FUNCTION_APP, Prepared};
use crate::progress::Progress;
use crate::scan;
use crate::settings::Given;
use crate::summary::{Calls, Summary};
use crate::target::Target;

/// What to run.
pub struct Run<'a> {
    pub given: &'a Given,
    pub settings: Settings,
    pub batch_id: Option<&'a str>,
    /// Where the event is from, for messages.
    pub source: &'a str,
    pub event: &'a [u8],
    pub repeat: u64,
    pub timeout: Duration,
    pub verbose: bool,
}

impl Run<'_> {
    /// Everything from the set-up to the count of items afterwards.
    pub async fn at(self, target: &Target, progress: &Progress) -> anyhow::Result<Summary> {
        progress.stage("setting up");
        let Prepared { clients, function } = function::prepare(target, self.given, self.settings, self.batch_id).await?;
        let table = function.settings().table.id.clone();
        let mut summary = Summary::new(&table);
        summary.items_before = count(target, &clients, &table).await?;

        progress.stage("invoking");
        for number in 1..=self.repeat {
            let begin = Instant::now();
            let invocation = function::invocation(format!("laptop-{}-{number}", milliseconds()), begin + self.timeout);
            let handled = function.handle(self.event, &invocation).await;
            let handled = handled.with_context(|| format!("the function fails on {}", self.source))?;
            summary.add(&handled, begin.elapsed())?;
            if self.verbose {
                progress.note(&handled.report.log_line());
                handled.report.metrics().iter().for_each(|line| progress.note(line));
            }
            progress.step();
        }

        progress.stage("counting items");
        if let Some(recorder) = target.recorder() {
            summary.calls = Calls::counted(|operation| recorder.count(Some(FUNCTION_APP), operation));
        }
        summary.items_after = count(target, &clients, &table).await?;
        Ok(summary)
    }
}

/// Items in the table. In the cloud a scan costs money, so there it is not done.
async fn count(target: &Target, clients: &Clients, table: &str) -> anyhow::Result<Option<u64>> {
    if target.is_cloud() { Ok(None) } else { scan::count(&clients.dynamodb, table).await.map(Some) }
}

/// Since 1970; tells the request ids of runs apart.
fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
