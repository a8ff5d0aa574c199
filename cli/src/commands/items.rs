//! `tablefeed items`: the items of a table.

use clap::Args;
use tablefeed::mapping::KeySchema;
use tablefeed::table::{TableError, live_key};

use crate::attribute::{self, Item};
use crate::exit::Exit;
use crate::item_table;
use crate::output;
use crate::resources::no_such_table;
use crate::scan::{self, Condition};
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed items CuratedRecords
  tablefeed items CuratedRecords --where BatchId=batch-7 --json";

/// Show a table's items, sorted by key
///
/// The whole table is scanned. As text, key attributes come first and long values are cut. With --json each item is one line of plain JSON:
/// numbers keep their digits, sets are arrays, binary is base64 text.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Items {
    /// The table's name
    table: String,
    /// Print each item as one line of JSON
    #[arg(long)]
    json: bool,
    /// Show this many items at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Show only items with this text or number; of several all must hold
    #[arg(long = "where", value_name = "ATTRIBUTE=VALUE", value_parser = Condition::parse)]
    conditions: Vec<Condition>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Items {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let target = Target::open(&self.target).await?;
        let read = self.read(&target).await;
        target.close().await;
        let (key, mut items) = read?;
        items.retain(|item| self.conditions.iter().all(|condition| condition.holds(item)));
        let found = items.len();
        items.truncate(self.limit.unwrap_or(usize::MAX));
        let names = scan::key_names(&key);
        if self.json {
            output::lines(items.iter().map(|item| attribute::item(item, &names).to_string()))?;
        } else {
            output::lines(item_table::lines(&items, &names))?;
            let noun = if found == 1 { "item" } else { "items" };
            let shown = if items.len() < found { format!("{} of {found} {noun}", items.len()) } else { format!("{found} {noun}") };
            output::line(&shown)?;
        }
        Ok(Exit::Done)
    }

    async fn read(&self, target: &Target) -> anyhow::Result<(KeySchema, Vec<Item>)> {
        let clients = target.clients(None);
        let key = match live_key(&clients.dynamodb, &self.table).await {
            Ok(key) => key,
            Err(TableError::Missing { .. }) => return Err(no_such_table(&clients, &self.table).await),
            Err(error) => return Err(error.into()),
        };
        let items = scan::items(&clients.dynamodb, &self.table, &key).await?;
        Ok((key, items))
    }
}
