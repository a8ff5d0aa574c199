//! The function itself, run here: set-up, one invocation after the other, and the account of them.
//!
//! In: checked settings and an event. Out: [`Summary`]. The function is the library's own, with clients of its own name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use tablefeed::aws::Clients;
use tablefeed::persist::{Function, Invocation};
use tablefeed::settings::Settings;
use tablefeed::table::{TableError, key_difference, live_key};
use tokio::time::Instant;

use crate::exit::BadInput;
use crate::progress::Progress;
use crate::resources;
use crate::scan;
use crate::settings::Given;
use crate::summary::{Calls, Summary};
use crate::target::Target;

/// The function's app name: tells its calls from those of this program.
const FUNCTION_APP: &str = "tablefeed-persist";

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
    pub async fn at(mut self, target: &Target, progress: &Progress) -> anyhow::Result<Summary> {
        progress.stage("setting up");
        let region = self.settings.table.region.clone();
        let clients = target.clients(region.as_deref());
        if !target.is_cloud() {
            resources::create(&clients, self.given, &mut self.settings, self.batch_id).await?;
        }
        self.check_key(&clients).await?;
        let table = self.settings.table.id.clone();
        let mut summary = Summary::new(&table);
        summary.items_before = count(target, &clients, &table).await?;

        progress.stage("invoking");
        let function = Function::new(self.settings, Clients::new(&target.config, FUNCTION_APP, region.as_deref()));
        for number in 1..=self.repeat {
            let begin = Instant::now();
            let invocation = invocation(number, begin + self.timeout);
            let handled = function.handle(self.event, &invocation).await;
            let handled = handled.with_context(|| format!("the function fails on {}", self.source))?;
            summary.add(&handled, begin.elapsed())?;
            if self.verbose {
                progress.note(&handled.report.log_line());
                progress.note(&handled.report.metrics());
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

    /// The table as it is must have the key that the mapping writes.
    async fn check_key(&self, clients: &Clients) -> anyhow::Result<()> {
        let table = &self.settings.table.id;
        let live = live_key(&clients.dynamodb, table).await.map_err(|error| match error {
            TableError::Missing { .. } => BadInput::error(error.to_string()),
            other => other.into(),
        })?;
        match key_difference(table, &live, self.settings.mapping.key_schema()) {
            None => Ok(()),
            Some(difference) => {
                Err(BadInput::error(format!("{difference}; name another table by --set TABLE=NAME, or change the mapping's \"key\"")))
            }
        }
    }
}

/// Items in the table. In the cloud a scan costs money, so there it is not done.
async fn count(target: &Target, clients: &Clients, table: &str) -> anyhow::Result<Option<u64>> {
    if target.is_cloud() { Ok(None) } else { scan::count(&clients.dynamodb, table).await.map(Some) }
}

fn invocation(number: u64, deadline: Instant) -> Invocation {
    let now = SystemTime::now();
    let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Invocation { request_id: format!("laptop-{milliseconds}-{number}"), function: "persist".to_owned(), deadline, now }
}
