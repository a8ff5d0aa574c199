//! `tablefeed table diff`: what a live table has otherwise than its file.

use clap::Args;
use tablefeed::table::{differences, live};

use crate::definition;
use crate::exit::Exit;
use crate::output;
use crate::target::{TargetArgs, with_clients};

const EXAMPLES: &str = "Examples:
  tablefeed table diff tables/log.json
  tablefeed table diff tables/log.json --aws --json";

/// Compare a table with its file; exit code 0 if they are the same, 3 if not
///
/// A table that is not there is a difference, too. Tags are compared if the file has any. Not compared: which KMS key encrypts the table, and warm
/// throughput.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The definition
    file: String,
    /// The table's name, in place of the file's
    #[arg(long)]
    name: Option<String>,
    /// Print each difference as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Diff {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let definition = definition::read(&self.file, self.name.as_deref())?;
        let name = &definition.name;
        let Some(table) = with_clients(&self.target, async |clients| Ok(live(&clients.dynamodb, name).await?)).await? else {
            let json = serde_json::json!({"what": "table", "file": name, "table": "none"}).to_string();
            output::line(&if self.json { json } else { format!("there is no table {name}; `tablefeed table create` creates it") })?;
            return Ok(Exit::Unfinished);
        };
        let found = differences(&definition, &table.definition);
        output::lines(found.iter().map(|difference| {
            let json = || serde_json::json!({"what": difference.what, "file": difference.file, "table": difference.table}).to_string();
            if self.json { json() } else { difference.to_string() }
        }))?;
        if !self.json && found.is_empty() {
            output::line(&format!("{name} is as {} says", self.file))?;
        }
        Ok(if found.is_empty() { Exit::Done } else { Exit::Unfinished })
    }
}
