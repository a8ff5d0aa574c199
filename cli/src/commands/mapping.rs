//! `tablefeed mapping`: what is to be known of the mapping language.

use clap::{Args, Subcommand};
use tablefeed::mapping::Mappings;

use crate::exit::Exit;
use crate::output;

const EXAMPLES: &str = "Examples:
  tablefeed mapping schema > mapping.schema.json";

/// What is to be known of the mapping language
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Mapping {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a JSON Schema (2020-12) of mappings, for editors
    ///
    /// What it accepts may still be refused: templates, references, key types and limits are checked by `tablefeed map` and by the function.
    #[command(after_help = EXAMPLES)]
    Schema,
}

impl Mapping {
    pub fn run(&self) -> anyhow::Result<Exit> {
        match self.what {
            What::Schema => output::line(Mappings::SCHEMA.trim_end())?,
        }
        Ok(Exit::Done)
    }
}
