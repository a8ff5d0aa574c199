//! `tablefeed item delete`: one item, for good.

use aws_sdk_dynamodb::types::ReturnValue;
use clap::Args;

use super::KeyArgs;
use crate::exit::Exit;
use crate::output;
use crate::resources::failed;

const EXAMPLES: &str = "Examples:
  tablefeed item delete Domain --key url=https://a.example/x";

/// Delete the item of a key; exit code 3 if there was none
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Delete {
    #[command(flatten)]
    key: KeyArgs,
}

impl Delete {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let deleted = self.key.table.with(async |table| {
            let delete = table.client.delete_item().table_name(table.name).set_key(Some(table.item_key(&self.key.key)?));
            let deleted = delete.return_values(ReturnValue::AllOld).send().await;
            Ok(deleted.map_err(|error| failed(format!("the item of {} cannot be deleted", table.name), &error))?.attributes)
        });
        // Nothing at all is returned of an item that was not there.
        if deleted.await?.is_none_or(|old| old.is_empty()) {
            output::note(&format!("there was no such item in {}", self.key.table.table));
            return Ok(Exit::Unfinished);
        }
        output::line("deleted 1 item")?;
        Ok(Exit::Done)
    }
}
