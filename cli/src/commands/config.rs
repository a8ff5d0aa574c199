//! `tablefeed config`: what holds here, and who says so.

use clap::Args;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output;
use crate::profile::PLACES;
use crate::profile::chosen::Chosen;
use crate::profile::options::{Choice, From};
use crate::resources::QUEUE;
use crate::target::{DEFAULT_DIR, TargetArgs};
use crate::text_table;

const EXAMPLES: &str = "Examples:
  tablefeed config
  tablefeed config --profile prod
  tablefeed config --profile prod --region us-east-1 --json";

/// Settings of `ingest` that are secret, or may hold a password; their values are not shown.
const SECRET: [&str; 2] = ["API_KEYS", "EGRESS_API_HOST"];

/// Show which options hold here, and where each is from
///
/// An option on the command line goes before a variable of the environment, that before the profile that is chosen, that before [default]
/// in tablefeed.toml, and what is built in comes last. Nothing is called.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Config {
    /// The function's name or ARN
    function: Option<String>,
    /// The queue of letters
    #[arg(long, value_name = "NAME_OR_URL", help_heading = "Where")]
    queue: Option<String>,
    /// A setting of the function; may be given many times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Config {
    pub fn run(self, chosen: &Chosen) -> anyhow::Result<Exit> {
        let rows: Vec<Row> = built_in(&chosen.choices).into_iter().chain(chosen.choices.iter().map(Row::of)).collect();
        if self.json {
            let options: Vec<Value> = rows.iter().map(|row| json!({"option": row.option, "value": row.value, "from": row.from})).collect();
            let seen = json!({"file": chosen.file, "profile": chosen.profile, "profiles": chosen.profiles, "options": options});
            output::line(&seen.to_string())?;
            return Ok(Exit::Done);
        }
        let none = || "none".to_owned();
        output::line(&format!("file      {}", chosen.file.as_ref().map_or_else(none, |file| file.display().to_string())))?;
        output::line(&format!("profile   {}", chosen.profile.clone().unwrap_or_else(none)))?;
        output::line(&format!("profiles  {}\n", Some(chosen.profiles.join(", ")).filter(|names| !names.is_empty()).unwrap_or_else(none)))?;
        let head = ["option", "value", "from"].map(str::to_owned).to_vec();
        let rows = rows.into_iter().map(|row| vec![row.option, row.value, row.from]);
        output::lines(text_table::lines(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))?;
        Ok(Exit::Done)
    }
}

/// What holds where nobody says anything.
fn built_in(choices: &[Choice]) -> Vec<Row> {
    let defaults = [("dir", DEFAULT_DIR, &PLACES[..]), ("queue", QUEUE, &["queue"])];
    let unsaid = defaults.into_iter().filter(|(.., by)| !choices.iter().any(|choice| by.contains(&choice.option)));
    unsaid.map(|(option, value, _)| Row { option: option.to_owned(), value: value.to_owned(), from: "built in".to_owned() }).collect()
}

struct Row {
    option: String,
    value: String,
    from: String,
}

impl Row {
    fn of(choice: &Choice) -> Row {
        let from = match &choice.from {
            From::CommandLine => "command line".to_owned(),
            From::Environment(name) => format!("environment, {name}"),
            From::Table(table) => table.clone(),
        };
        let (option, value) = match choice.value.split_once('=') {
            Some((name, _)) if choice.option == "set" && SECRET.contains(&name) => (format!("set {name}"), "(not shown)"),
            Some((name, value)) if choice.option == "set" => (format!("set {name}"), value),
            _ => (choice.option.to_owned(), choice.value.as_str()),
        };
        Row { option, value: value.to_owned(), from }
    }
}
