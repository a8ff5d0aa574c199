//! `tablefeed table`: tables as code, one file a subcommand.

mod create;
mod delete;
mod describe;
mod diff;
mod list;

use clap::{Args, Subcommand};
use tablefeed::aws::Clients;
use tablefeed::table::{Live, TableError, live};

use crate::exit::{BadInput, Exit};
use crate::resources::no_such_table;

const EXAMPLES: &str = "Examples:
  tablefeed table create tables/log.json
  tablefeed table diff tables/log.json --aws
  tablefeed table describe Log --json > log.json

A file is what `aws dynamodb create-table --cli-input-json` takes, or the properties of an AWS::DynamoDB::Table, or that resource; JSON or YAML.";

/// Create tables from files, compare them, look at them and delete them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Table {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Create),
    Describe(describe::Describe),
    List(list::List),
    Delete(delete::Delete),
    Diff(diff::Diff),
}

impl Table {
    pub async fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Create(command) => command.run().await,
            Command::Describe(command) => command.run().await,
            Command::List(command) => command.run().await,
            Command::Delete(command) => command.run().await,
            Command::Diff(command) => command.run().await,
        }
    }
}

/// The live table, which must be there.
async fn existing(clients: &Clients, table: &str) -> anyhow::Result<Live> {
    match live(&clients.dynamodb, table).await? {
        Some(live) => Ok(live),
        None => Err(no_such_table(clients, table).await),
    }
}

/// A refusal that is the file's or the caller's matter is bad input; anything else failed around it.
fn judged(error: TableError) -> anyhow::Error {
    match error {
        TableError::Create { fault: tablefeed::write::fault::Fault::Refused { .. }, .. } => BadInput::error(error.to_string()),
        other => other.into(),
    }
}
