//! `tablefeed table delete`: a table and all its items, for good.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use tablefeed::table;

use super::existing;
use crate::definition::table_name;
use crate::exit::{BadInput, Exit};
use crate::output;
use crate::target::{TargetArgs, with_clients};

const PATIENCE: Duration = Duration::from_secs(300);

const EXAMPLES: &str = "Examples:
  tablefeed table delete Log
  tablefeed table delete tables/log.json --yes";

/// Delete a table and all its items, and wait until it is gone
///
/// Asks before, unless --yes is given; where nobody can be asked, --yes is needed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Delete {
    /// The table's name, or its file
    #[arg(value_name = "NAME|FILE")]
    table: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Delete {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let name = table_name(&self.table)?;
        if !self.yes && !std::io::stdin().is_terminal() {
            return Err(BadInput::error(format!("deleting {name} deletes its items for good, and there is nobody to ask: use --yes")));
        }
        let deleted = with_clients(&self.target, async |clients| {
            existing(clients, &name).await?;
            let agreed = self.yes || agreed(&name)?;
            if agreed {
                table::delete(&clients.dynamodb, &name, PATIENCE).await?;
            }
            Ok(agreed)
        });
        let deleted = deleted.await?;
        output::line(&if deleted { format!("deleted {name}") } else { format!("{name} stays") })?;
        Ok(Exit::Done)
    }
}

fn agreed(name: &str) -> anyhow::Result<bool> {
    output::note(&format!("Delete table {name} and all its items, for good? Type its name to go on:"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == name)
}
