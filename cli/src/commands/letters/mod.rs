//! `tablefeed letters`: the letters that wait in a queue; one file a subcommand.

mod export;
mod list;
mod purge;
mod redrive;
mod show;

use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::resources::QUEUE;
use crate::target::TargetArgs;

const EXAMPLES: &str = "Examples:
  tablefeed letters
  tablefeed letters 1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11
  tablefeed letters list --reason bad_json --newer-than 2h --json
  tablefeed letters redrive --dry-run";

/// List, show, export, redrive or purge the letters in a queue
///
/// Without a subcommand: the list; with an id: that letter.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Letters {
    #[command(subcommand)]
    command: Option<Command>,
    /// Show this letter whole, and its data decoded
    id: Option<String>,
    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = list::EXAMPLES)]
    List(list::List),
    Show(show::Show),
    Export(export::Export),
    Redrive(Box<redrive::Redrive>),
    Purge(purge::Purge),
}

/// Which queue.
#[derive(Debug, Args)]
pub struct Place {
    /// The queue
    #[arg(long, value_name = "NAME_OR_URL", default_value = QUEUE, help_heading = "Where")]
    queue: String,
    #[command(flatten)]
    target: TargetArgs,
}

impl Letters {
    pub async fn run(self) -> anyhow::Result<Exit> {
        match (self.command, self.id) {
            (Some(Command::List(list)), _) => list.run().await,
            (Some(Command::Show(show)), _) => show.run().await,
            (Some(Command::Export(export)), _) => export.run().await,
            (Some(Command::Redrive(redrive)), _) => Box::pin(redrive.run()).await,
            (Some(Command::Purge(purge)), _) => purge.run().await,
            (None, Some(id)) => self.list.show(id).run().await,
            (None, None) => self.list.run().await,
        }
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
