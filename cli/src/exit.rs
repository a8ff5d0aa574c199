//! Exit codes, and which error means which.

use std::process::ExitCode;

use tablefeed::persist::FunctionError;

/// Shown under `tablefeed --help`.
pub const HELP: &str = "Exit codes:
  0  done
  1  something around failed: AWS, a server, the disk, a port
  2  bad usage, input or setting; no item was written
  3  something is left: the function left records unfinished or failed, or letters stay; a second try may do better.
     Or something is not so: a table is not as its file says, an item is not there, or there already.
     Or `tablefeed doctor` found an error
  4  `tablefeed doctor` found warnings alone
  5  `tablefeed doctor` found no error, but could not check something";

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done. A reader that went away (`| head`) is no failure.
    Done = 0,
    /// AWS, a server, the disk or a port failed.
    Around = 1,
    /// Arguments, a file or a setting cannot be used.
    Input = 2,
    /// The function reported a checkpoint, met a systemic failure, or failed as a whole; letters are left that were to be redriven, purged
    /// or exported; or a table differs from its file, an item is absent, or present already; or a deployment has an error.
    Unfinished = 3,
    /// A deployment is risky.
    Warned = 4,
    /// Part of a deployment could not be looked at.
    Unchecked = 5,
}

impl Exit {
    /// The code that an error ends the command with.
    pub fn of(error: &anyhow::Error) -> Exit {
        if error.is::<BadInput>() {
            return Exit::Input;
        }
        match error.downcast_ref::<FunctionError>() {
            Some(FunctionError::Event(_) | FunctionError::NoOrder) => Exit::Input,
            Some(FunctionError::NoCheckpoint | FunctionError::Unfinished { .. }) => Exit::Unfinished,
            None => Exit::Around,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What the user gave cannot be used; the text says what would be right.
#[derive(Debug)]
pub struct BadInput(String);

impl BadInput {
    /// As an error to return.
    pub fn error(text: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(BadInput(text.into()))
    }
}

impl std::fmt::Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}
