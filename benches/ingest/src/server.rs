//! A server under load: a process on a core of its own, its address, and how much of that core it has used.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What Linux counts processor time in, for every program.
const TICKS_A_SECOND: u64 = 100;

/// Ends with the value.
#[derive(Debug)]
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    /// Starts a program whose first line on standard output ends in its address or URL.
    pub fn start(core: usize, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> io::Result<Server> {
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string()]).arg(program).args(arguments).env_clear().envs(environment.iter().copied());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut server = Server { process, address: String::new() };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        line.trim().trim_end_matches('/').rsplit(['/', ' ']).next().unwrap_or_default().clone_into(&mut server.address);
        if server.address.is_empty() {
            return Err(io::Error::other(format!("{} has not said where it listens", program.display())));
        }
        Ok(server)
    }

    /// Processor time of the process and its children.
    pub fn used(&self) -> io::Result<Duration> {
        let own = self.process.id();
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let Ok(id) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
            // A process may end between the list and the look.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            // The name, in parentheses, may hold anything; after it: state, parent, and ten more up to the times.
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
            if id == own || number(1) == u64::from(own) {
                ticks += number(11) + number(12);
            }
        }
        Ok(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // gunicorn ends its workers on this signal.
        let told = Command::new("kill").arg(self.process.id().to_string()).status();
        if told.is_err() {
            self.process.kill().unwrap_or_default();
        }
        self.process.wait().map(drop).unwrap_or_default();
    }
}
