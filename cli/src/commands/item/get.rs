//! `tablefeed item get`: one item.

use clap::Args;

use super::KeyArgs;
use crate::exit::Exit;
use crate::output;
use crate::pretty;
use crate::resources::failed;
use crate::typed::Form;

const EXAMPLES: &str = "Examples:
  tablefeed item get Domain --key url=https://a.example/x
  tablefeed item get Log --key key=5 --json";

/// Show the item of a key; exit code 3 if there is none
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Get {
    #[command(flatten)]
    key: KeyArgs,
    /// Print it as one line of JSON
    #[arg(long)]
    json: bool,
    /// Print DynamoDB's typed JSON
    #[arg(long)]
    typed: bool,
}

impl Get {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let read = self.key.table.with(async |table| {
            let get = table.client.get_item().table_name(table.name).set_key(Some(table.item_key(&self.key.key)?)).consistent_read(true);
            let got = get.send().await.map_err(|error| failed(format!("the item of {} cannot be read", table.name), &error))?;
            Ok((got.item, table.key_names()))
        });
        let (item, key) = read.await?;
        let Some(item) = item else {
            output::note(&format!("there is no such item in {}", self.key.table.table));
            return Ok(Exit::Unfinished);
        };
        let json = Form::of(self.typed).write(&item, &key);
        output::line(&if self.json { json.to_string() } else { pretty::text(&json) })?;
        Ok(Exit::Done)
    }
}
