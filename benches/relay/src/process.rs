//! A command of `tablefeed`, built beside this program.

use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends with the value.
#[derive(Debug)]
pub struct Process {
    process: Child,
    pub url: String,
}

impl Process {
    /// Starts a command whose first line on standard output ends in its URL, in a directory of its own.
    pub fn start(directory: &Path, arguments: &[&str]) -> io::Result<Process> {
        let mut command = Command::new(std::env::current_exe()?.with_file_name("tablefeed"));
        command.args(arguments).current_dir(directory).env_clear().stdin(Stdio::null()).stderr(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut started = Process { process, url: String::new() };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        line.trim().rsplit(' ').next().unwrap_or_default().clone_into(&mut started.url);
        if started.url.is_empty() {
            return Err(io::Error::other(format!("tablefeed {} has not said where it listens", arguments.join(" "))));
        }
        Ok(started)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}
