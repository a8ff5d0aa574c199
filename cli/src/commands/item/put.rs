//! `tablefeed item put`: items as they are given, one or many.

use std::io::BufRead as _;

use aws_sdk_dynamodb::types::AttributeValue;
use clap::Args;
use serde_json::json;
use tablefeed::table::{Definition, create_if_missing};

use super::{Table, TableArgs};
use crate::attribute::Item;
use crate::condition::Terms;
use crate::exit::{BadInput, Exit};
use crate::output;
use crate::resources::failed;
use crate::target::with_clients;
use crate::typed::Form;

/// The key of a table that is created for its first item.
const ID: &str = "id";

const EXAMPLES: &str = "Examples:
  tablefeed item put Domain '{\"url\": \"https://a.example/x\", \"domain\": \"a.example\"}' --if-absent
  tablefeed item put Log '{\"key\": {\"S\": \"5\"}, \"tags\": {\"SS\": [\"a\"]}}' --typed
  tablefeed item put Log - < items.ndjson";

/// Put an item, in place of the one with its key
///
/// On the embedded AWS a table that is missing is created for an item that has a text `id`: with that key, and with a stream.
///
/// With `-`, items are read from standard input, a line each; the first one that cannot be put ends the command, and what was put before stays.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Put {
    #[command(flatten)]
    table: TableArgs,
    /// The item as a JSON object, or - for lines of standard input
    item: String,
    /// Put only what is not there; exit code 3 if something was
    #[arg(long)]
    if_absent: bool,
    /// Items are DynamoDB's typed JSON, which has sets and binary
    #[arg(long)]
    typed: bool,
}

impl Put {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let form = Form::of(self.typed);
        if self.item != "-" {
            // Read before the table is looked at, so that bad input is told first.
            let item = form.item(&self.item)?;
            self.create(&item).await?;
            let put = self.table.with(async |table| self.put(&table, item).await).await?;
            return self.tell(usize::from(put), usize::from(!put));
        }
        let counted = self.table.with(async |table| {
            let (mut put, mut present) = (0, 0);
            for (number, line) in std::io::stdin().lock().lines().enumerate() {
                let line = line?;
                if line.trim().is_empty() {
                    continue;
                }
                let item = form.item(&line).map_err(|error| BadInput::error(format!("line {}: {error} ({put} put before)", number + 1)))?;
                if self.put(&table, item).await? {
                    put += 1;
                } else {
                    present += 1;
                }
            }
            Ok((put, present))
        });
        let (put, present) = counted.await?;
        self.tell(put, present)
    }

    /// On the embedded AWS a table that is missing is created, with the key `id` and a stream for a relay, if the item has an `id`.
    async fn create(&self, item: &Item) -> anyhow::Result<()> {
        let has_id = matches!(item.get(ID), Some(AttributeValue::S(_)));
        if !has_id || !self.table.target.is_embedded() {
            return Ok(());
        }
        let definition = Definition::of_value(
            json!({
                "TableName": self.table.table,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": ID, "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": ID, "KeyType": "HASH" }],
                "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
            }),
            None,
        )?;
        let created =
            with_clients(&self.table.target, async |clients| Ok(create_if_missing(&clients.dynamodb, &definition).await?)).await?;
        if created {
            output::note(&format!("created table {} with the key id", self.table.table));
        }
        Ok(())
    }

    /// False if the item was not put because there is one already.
    async fn put(&self, table: &Table<'_>, item: Item) -> anyhow::Result<bool> {
        let mut put = table.client.put_item().table_name(table.name).set_item(Some(item));
        if self.if_absent {
            let mut terms = Terms::default();
            let condition = format!("attribute_not_exists({})", terms.name(&table.key.partition.name));
            put = put.condition_expression(condition).set_expression_attribute_names(Some(terms.names));
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) if error.as_service_error().and_then(|error| error.meta().code()) == Some("ValidationException") => {
                Err(BadInput::error(failed(format!("the item cannot be put into {}", table.name), &error).to_string()))
            }
            Err(error) => Err(failed(format!("the item cannot be put into {}", table.name), &error)),
        }
    }

    fn tell(&self, put: usize, present: usize) -> anyhow::Result<Exit> {
        let items = |count: usize| format!("{count} item{}", if count == 1 { "" } else { "s" });
        output::line(&format!("put {}", items(put)))?;
        if present == 0 {
            return Ok(Exit::Done);
        }
        output::note(&format!("{} in {} already and stayed", items(present), self.table.table));
        Ok(Exit::Unfinished)
    }
}
