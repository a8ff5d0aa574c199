//! `tablefeed completions`: what a shell reads to complete the command line.

use clap::Args;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output;

const EXAMPLES: &str = "Examples:
  tablefeed completions bash > ~/.local/share/bash-completion/completions/tablefeed
  tablefeed completions zsh > ~/.zfunc/_tablefeed
  tablefeed completions fish > ~/.config/fish/completions/tablefeed.fish";

/// Print what a shell reads to complete this command line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::command(), "tablefeed", &mut script);
        output::line(String::from_utf8(script)?.trim_end())?;
        Ok(Exit::Done)
    }
}
