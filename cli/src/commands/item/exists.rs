//! `tablefeed item exists`: whether a key has an item.

use clap::Args;

use super::KeyArgs;
use crate::condition::Terms;
use crate::exit::Exit;
use crate::output;
use crate::resources::failed;

const EXAMPLES: &str = "Examples:
  tablefeed item exists Domain --key url=https://a.example/x";

/// Print true, or false with exit code 3: whether a key has an item
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Exists {
    #[command(flatten)]
    key: KeyArgs,
}

impl Exists {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let read = self.key.table.with(async |table| {
            let mut terms = Terms::default();
            let name = terms.name(&table.key.partition.name);
            let get = table.client.get_item().table_name(table.name).set_key(Some(table.item_key(&self.key.key)?)).consistent_read(true);
            let got = get.projection_expression(name).set_expression_attribute_names(Some(terms.names)).send().await;
            Ok(got.map_err(|error| failed(format!("the item of {} cannot be read", table.name), &error))?.item.is_some())
        });
        let exists = read.await?;
        output::line(&exists.to_string())?;
        Ok(if exists { Exit::Done } else { Exit::Unfinished })
    }
}
