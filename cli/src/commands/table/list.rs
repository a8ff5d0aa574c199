//! `tablefeed table list`: the names of all tables.

use clap::Args;

use crate::exit::Exit;
use crate::output;
use crate::resources::table_names;
use crate::target::{TargetArgs, with_clients};

const EXAMPLES: &str = "Examples:
  tablefeed table list
  tablefeed table list --aws --json";

/// List the names of all tables, a line each
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Print each name as a line of JSON: {"table": NAME}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl List {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let names = with_clients(&self.target, async |clients| table_names(clients).await).await?;
        output::lines(names.into_iter().map(|name| if self.json { serde_json::json!({"table": name}).to_string() } else { name }))?;
        Ok(Exit::Done)
    }
}
