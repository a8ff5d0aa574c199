//! `tablefeed man`: a man page for each command, written into a directory; `make docs` calls it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::exit::Exit;
use crate::output;

/// Write a man page for each command into a directory
#[derive(Debug, Args)]
pub struct Man {
    /// Made if it is missing
    dir: PathBuf,
}

impl Man {
    pub fn run(self) -> anyhow::Result<Exit> {
        let what = || format!("man pages cannot be written to {}", self.dir.display());
        std::fs::create_dir_all(&self.dir).with_context(what)?;
        // Built, so that each page knows the whole name of its command.
        let mut command = crate::command();
        command.build();
        clap_mangen::generate_to(command, &self.dir).with_context(what)?;
        output::line(&format!("man pages are in {}: man -l {}", self.dir.display(), self.dir.join("tablefeed.1").display()))?;
        Ok(Exit::Done)
    }
}
