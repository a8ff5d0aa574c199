//! `tablefeed table describe`: a live table.

use clap::Args;
use tablefeed::table::{Live, facts};

use super::existing;
use crate::definition::table_name;
use crate::exit::Exit;
use crate::output;
use crate::pretty;
use crate::target::{TargetArgs, with_clients};
use crate::text_table;

const EXAMPLES: &str = "Examples:
  tablefeed table describe Log
  tablefeed table describe Log --json > log.json";

/// Show a table: key, indexes, capacity and the rest
///
/// With --json, as a definition that `tablefeed table create` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Describe {
    /// The table's name, or its file
    #[arg(value_name = "NAME|FILE")]
    table: String,
    /// Print the table's definition as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Describe {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let name = table_name(&self.table)?;
        let live = with_clients(&self.target, async |clients| existing(clients, &name).await).await?;
        if self.json {
            let text = live.definition.file().to_string();
            // It was written as JSON a moment ago.
            output::line(&tablefeed::json::parse(&text).map(|value| pretty::text(&value)).unwrap_or(text))?;
        } else {
            output::lines(shown(&live))?;
        }
        Ok(Exit::Done)
    }
}

fn shown(live: &Live) -> Vec<String> {
    let items = format!("{} in {} bytes, as counted every six hours or so", live.items, live.bytes);
    let first = [("table", live.definition.name.clone()), ("status", live.status.clone()), ("arn", live.arn.clone()), ("items", items)];
    let first = first.into_iter().map(|(what, value)| vec![what.to_owned(), value]);
    let rest = facts(&live.definition).into_iter().map(|(what, value)| vec![what, value]);
    text_table::plain_lines(&first.chain(rest).collect::<Vec<_>>())
}
