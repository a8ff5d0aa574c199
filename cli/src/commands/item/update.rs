//! `tablefeed item update`: some attributes of an item that is there.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use clap::Args;
use tablefeed::json::Json;

use super::KeyArgs;
use crate::condition::Terms;
use crate::exit::{BadInput, Exit};
use crate::output;
use crate::pretty;
use crate::resources::failed;
use crate::typed::Form;

const EXAMPLES: &str = "Examples:
  tablefeed item update Log --key key=5 --set status=WARNING
  tablefeed item update Log --key key=5 --set 'n=\"5\"' --remove message --json";

/// Change some attributes of an item and leave the others; exit code 3 if there is no such item
///
/// A value is JSON if it can be read as JSON, else text: `--set n=5` is a number, `--set 'n="5"'` and `--set n=five` are texts.
/// The item is printed as it is afterwards.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Update {
    #[command(flatten)]
    key: KeyArgs,
    /// Give an attribute a value
    #[arg(long = "set", value_name = "ATTRIBUTE=VALUE", required_unless_present = "remove")]
    set: Vec<String>,
    /// Take an attribute away
    #[arg(long, value_name = "ATTRIBUTE")]
    remove: Vec<String>,
    /// Print the item as one line of JSON
    #[arg(long)]
    json: bool,
    /// Values and the printed item are DynamoDB's typed JSON
    #[arg(long)]
    typed: bool,
}

impl Update {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mut terms = Terms::default();
        let expression = self.expression(&mut terms)?;
        let updated = self.key.table.with(async |table| {
            let key = table.item_key(&self.key.key)?;
            let condition = format!("attribute_exists({})", terms.name(&table.key.partition.name));
            let update = table.client.update_item().table_name(table.name).set_key(Some(key)).update_expression(expression);
            let update = update.condition_expression(condition).set_expression_attribute_names(Some(terms.names));
            let update = update.set_expression_attribute_values(Some(terms.values).filter(|values| !values.is_empty()));
            match update.return_values(ReturnValue::AllNew).send().await {
                Ok(updated) => Ok((updated.attributes, table.key_names())),
                Err(error) if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) => {
                    Ok((None, Vec::new()))
                }
                Err(error) if error.as_service_error().and_then(|error| error.meta().code()) == Some("ValidationException") => {
                    Err(BadInput::error(failed(format!("the item of {} cannot be updated", table.name), &error).to_string()))
                }
                Err(error) => Err(failed(format!("the item of {} cannot be updated", table.name), &error)),
            }
        });
        let (Some(item), key) = updated.await? else {
            output::note(&format!("there is no such item in {}", self.key.table.table));
            return Ok(Exit::Unfinished);
        };
        let json = Form::of(self.typed).write(&item, &key);
        output::line(&if self.json { json.to_string() } else { pretty::text(&json) })?;
        Ok(Exit::Done)
    }

    /// `SET … REMOVE …`
    fn expression(&self, terms: &mut Terms) -> anyhow::Result<String> {
        let mut sets = Vec::new();
        for text in &self.set {
            let (name, value) = text
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| BadInput::error("--set must be ATTRIBUTE=VALUE"))?;
            let value = self.value(name, value)?;
            sets.push(format!("{} = {}", terms.name(name), terms.value(value)));
        }
        let removes: Vec<String> = self.remove.iter().map(|name| terms.name(name)).collect();
        let parts = [("SET", sets), ("REMOVE", removes)].into_iter().filter(|(_, parts)| !parts.is_empty());
        Ok(parts.map(|(word, parts)| format!("{word} {}", parts.join(", "))).collect::<Vec<_>>().join(" "))
    }

    fn value(&self, name: &str, text: &str) -> anyhow::Result<AttributeValue> {
        let bad = |message: String| BadInput::error(format!("--set {name}: {message}"));
        match tablefeed::json::parse(text) {
            Ok(json) => Form::of(self.typed).value(&json, "").map_err(|message| bad(format!("the value{message}"))),
            Err(_) if !self.typed => Form::Plain.value(&Json::String(text.into()), "").map_err(bad),
            Err(error) => Err(bad(format!("the value is not JSON: {error}"))),
        }
    }
}
