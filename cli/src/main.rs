//! The command `tablefeed`: tablefeed's functions on a laptop, and what they wrote.
//!
//! ```text
//! arguments, profile ─► commands ─┬─► target ─► resources      the embedded AWS, another server, or the cloud; what is missing is created
//!                                 ├─► settings, generate       what the function is given
//!                                 ├─► function, run, feed      the library's Function, the same code as on Lambda: with events, or with a file's lines
//!                                 ├─► the package ingest       or with what comes by HTTP
//!                                 ├─► topic                    or with a Kafka topic's records
//!                                 ├─► doctor, status           a deployment is read, and judged or shown
//!                                 ├─► the package relay        what changes in tables goes to URLs; listen is such a URL
//!                                 ├─► health                   a server is asked whether it is well
//!                                 ├─► completions, man         the command line describes itself
//!                                 └─► summary, scan, letters   what became of it ─► output
//! ```
//! One file a command under `commands`; only [`output`] prints; [`exit`] has the exit codes.

#![expect(clippy::doc_markdown, reason = "services and settings read as plain words, and clap shows these texts as they are")]

mod age;
mod attribute;
mod commands;
mod condition;
mod definition;
mod doctor;
mod exit;
mod feed;
mod function;
mod generate;
mod item_table;
mod letters;
mod listen;
mod output;
mod pretty;
mod profile;
mod progress;
mod resources;
mod run;
mod runs;
mod scan;
mod settings;
mod status;
mod stop;
mod summary;
mod target;
mod text_table;
mod topic;
mod typed;

use std::io;
use std::process::ExitCode;

use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::exit::Exit;
use crate::profile::chosen::{Chosen, ProfileArgs, choose};

/// Feeds DynamoDB tables from streams, on a laptop with nothing installed.
///
/// Every command works on an embedded AWS that keeps its state in a directory, unless --endpoint-url or --aws says otherwise.
#[derive(Parser)]
#[command(name = "tablefeed", version, long_version = VERSION, after_help = format!("{EXAMPLES}\n\n{}", exit::HELP), arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Invoke(commands::invoke::Invoke),
    Run(commands::run::Run),
    Map(commands::map::Map),
    Mapping(commands::mapping::Mapping),
    Items(commands::items::Items),
    Letters(commands::letters::Letters),
    Table(commands::table::Table),
    Item(commands::item::Item),
    Emulate(commands::emulate::Emulate),
    Status(commands::status::Status),
    Doctor(commands::doctor::Doctor),
    Health(commands::health::Health),
    Ingest(commands::ingest::Ingest),
    Relay(commands::relay::Relay),
    Listen(commands::listen::Listen),
    Config(commands::config::Config),
    Completions(commands::completions::Completions),
    #[command(hide = true)]
    Man(commands::man::Man),
}

/// The version, and how it was built.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("BUILD_COMMIT"),
    "\ntarget    ",
    env!("BUILD_TARGET"),
    "\nprofile   ",
    env!("BUILD_PROFILE"),
    "\ncompiler  ",
    env!("BUILD_COMPILER")
);

const EXAMPLES: &str = "Examples:
  tablefeed invoke events/mixed.json
  tablefeed items CuratedRecords
  tablefeed letters
  tablefeed run data.ndjson --set MAPPING=document

Each command's own help has more.";

/// The whole command line, for those who describe it.
fn command() -> clap::Command {
    ProfileArgs::augment_args(Cli::command())
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let chosen = match choose(&command(), &mut arguments) {
        Ok(chosen) => chosen,
        Err(error) => return failed(&error).into(),
    };
    let parsed = command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Input } else { Exit::Done };
            // Help for a reader that is gone needs no other reader.
            error.print().unwrap_or_default();
            return exit.into();
        }
    };
    if let Some(note) = chosen.note() {
        output::dim_note(&note);
    }
    cli.command.run(&chosen).await.unwrap_or_else(|error| failed(&error)).into()
}

impl Command {
    async fn run(self, chosen: &Chosen) -> anyhow::Result<Exit> {
        match self {
            Command::Invoke(command) => command.run().await,
            Command::Run(command) => command.run().await,
            Command::Map(command) => command.run().await,
            Command::Mapping(command) => command.run(),
            Command::Items(command) => command.run().await,
            Command::Letters(command) => command.run().await,
            Command::Table(command) => command.run().await,
            Command::Item(command) => command.run().await,
            Command::Emulate(command) => command.run().await,
            Command::Status(command) => Box::pin(command.run()).await,
            Command::Doctor(command) => command.run().await,
            Command::Health(command) => command.run().await,
            Command::Ingest(command) => command.run().await,
            Command::Relay(command) => Box::pin(command.run()).await,
            Command::Listen(command) => command.run().await,
            Command::Config(command) => command.run(chosen),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
        }
    }
}

/// Says why a command failed, unless nobody reads it any more.
fn failed(error: &anyhow::Error) -> Exit {
    let pipe_closed = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if pipe_closed {
        return Exit::Done;
    }
    output::error(error);
    Exit::of(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in a help, `tablefeed` and what follows it up to a pipe or a redirection.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| line.starts_with("  "));
        let words = lines.filter_map(shlex::split);
        let commands = words.map(|words| words.into_iter().skip_while(|word| word != "tablefeed"));
        let commands = commands.map(|words| words.take_while(|word| !["|", ">", "<"].contains(&word.as_str())).collect());
        commands.filter(|words: &Vec<String>| !words.is_empty()).collect()
    }

    /// The command and all below it that help lists, with the names that lead there.
    fn all(command: &clap::Command, names: &str) -> Vec<(String, String)> {
        let own = (names.to_owned(), command.get_after_help().map(ToString::to_string).unwrap_or_default());
        let below = command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
        std::iter::once(own).chain(below.flat_map(|command| all(command, &format!("{names} {}", command.get_name())))).collect()
    }

    #[test]
    fn every_command_has_examples_of_itself_and_each_can_be_parsed() {
        let all = all(&command(), "tablefeed");
        assert!(all.len() > 30, "{all:?}");
        for (names, help) in all {
            let examples = examples(&help);
            assert!(examples.iter().any(|words| words.join(" ").starts_with(&names)), "{names} has no example of itself: {help}");
            for words in examples {
                if let Err(error) = command().try_get_matches_from(&words) {
                    panic!("{words:?}: {error}");
                }
            }
        }
    }
}
