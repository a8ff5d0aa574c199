//! `tablefeed table create`: a table as its file says.

use std::time::Duration;

use clap::Args;
use tablefeed::table::{TableError, ensure};

use super::judged;
use crate::definition;
use crate::exit::Exit;
use crate::output;
use crate::target::{TargetArgs, with_clients};

const EXAMPLES: &str = "Examples:
  tablefeed table create tables/log.json
  tablefeed table create tables/log.json --name Log2 --aws";

/// Create a table as its file says, and wait until it can be used
///
/// A table that is there already and equals the file is left alone, so the command may be repeated, and run twice at once. One that differs is
/// told with every difference, left as it is, and ends the command with exit code 3.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Create {
    /// The definition
    file: String,
    /// The table's name, in place of the file's
    #[arg(long)]
    name: Option<String>,
    /// How long the table and its indexes may take to become ACTIVE
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
    #[command(flatten)]
    target: TargetArgs,
}

impl Create {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let definition = definition::read(&self.file, self.name.as_deref())?;
        let patience = Duration::from_secs(self.wait);
        let ensured = with_clients(&self.target, async |clients| Ok(ensure(&clients.dynamodb, &definition, patience).await)).await?;
        let name = &definition.name;
        match ensured {
            Ok(true) => output::line(&format!("created {name}"))?,
            Ok(false) => output::line(&format!("{name} is there already, as {} says", self.file))?,
            Err(error @ TableError::Differs { .. }) => {
                output::note(&format!(
                    "error: {error}\nNothing was changed. Change the file or the table, or create another one by --name."
                ));
                return Ok(Exit::Unfinished);
            }
            Err(error) => return Err(judged(error)),
        }
        Ok(Exit::Done)
    }
}
