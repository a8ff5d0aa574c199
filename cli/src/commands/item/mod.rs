//! `tablefeed item`: single items and queries, one file a subcommand.

mod delete;
mod exists;
mod get;
mod put;
mod query;
mod read;
mod scan;
mod update;

use aws_sdk_dynamodb::Client;
use clap::{Args, Subcommand};
use tablefeed::aws::Clients;
use tablefeed::mapping::KeySchema;
use tablefeed::table::{Definition, described};

use crate::attribute::Item as Attributes;
use crate::condition::{Condition, key_value};
use crate::exit::{BadInput, Exit};
use crate::resources::no_such_table;
use crate::scan::key_names;
use crate::target::{TargetArgs, with_clients};

const EXAMPLES: &str = "Examples:
  tablefeed item put Domain '{\"url\": \"https://a.example/x\", \"domain\": \"a.example\"}' --if-absent
  tablefeed item get Domain --key url=https://a.example/x
  tablefeed item update Log --key key=5 --set status=WARNING
  tablefeed item query Log --index Status --key status=ERROR --json

Items are plain JSON: numbers keep their digits. For sets and binary use --typed, DynamoDB's own JSON: {\"tags\": {\"SS\": [\"a\"]}}.";

/// Get, put, update and delete items, and query tables
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Item {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Get(get::Get),
    Put(put::Put),
    Update(update::Update),
    Delete(delete::Delete),
    Exists(exists::Exists),
    Query(query::Query),
    Scan(scan::Scan),
}

impl Item {
    pub async fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Get(command) => command.run().await,
            Command::Put(command) => command.run().await,
            Command::Update(command) => command.run().await,
            Command::Delete(command) => command.run().await,
            Command::Exists(command) => command.run().await,
            Command::Query(command) => command.run().await,
            Command::Scan(command) => command.run().await,
        }
    }
}

/// The table, and where it is.
#[derive(Debug, Args)]
struct TableArgs {
    /// The table's name
    table: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// The table and one item's key.
#[derive(Debug, Args)]
struct KeyArgs {
    #[command(flatten)]
    table: TableArgs,
    /// A key attribute's value, in the table's type; binary as base64. Once for each of them
    #[arg(long = "key", value_name = "ATTRIBUTE=VALUE", required = true, value_parser = Condition::parse)]
    key: Vec<Condition>,
}

/// A table that is there.
struct Table<'c> {
    client: &'c Client,
    name: &'c str,
    definition: Definition,
    key: KeySchema,
}

impl TableArgs {
    /// Runs `work` on the table, which must be there.
    async fn with<T>(&self, work: impl AsyncFnOnce(Table<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        with_clients(&self.target, async |clients: &Clients| {
            let name = self.table.as_str();
            let Some(definition) = described(&clients.dynamodb, name).await? else { return Err(no_such_table(clients, name).await) };
            let key = definition.key(None).ok_or_else(|| anyhow::anyhow!("the key of table {name} cannot be read"))?;
            work(Table { client: &clients.dynamodb, name, definition, key }).await
        })
        .await
    }
}

impl Table<'_> {
    fn key_names(&self) -> Vec<String> {
        key_names(&self.key)
    }

    /// One item's whole key.
    fn item_key(&self, given: &[Condition]) -> anyhow::Result<Attributes> {
        let expected =
            || format!("table {} has the key {}: give --key ATTRIBUTE=VALUE for each", self.name, self.key_names().join(" and "));
        let parts: Vec<_> = std::iter::once(&self.key.partition).chain(&self.key.sort).collect();
        if given.len() != parts.len() {
            return Err(BadInput::error(expected()));
        }
        let value = |part: &tablefeed::mapping::KeyAttribute| {
            let of_part = given.iter().find(|condition| condition.attribute == part.name).and_then(Condition::equals);
            let text = of_part.ok_or_else(|| BadInput::error(expected()))?;
            Ok((part.name.clone(), key_value(part, text)?))
        };
        parts.into_iter().map(value).collect()
    }
}
