//! Which core runs what: a thread in, the same thread held on one core out. Linux, by `taskset`.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::oneshot;

/// Holds the calling thread, and every process that it starts, on one core.
pub fn hold(core: usize) -> io::Result<()> {
    let own = std::fs::read_link("/proc/thread-self")?;
    let thread = own.file_name().unwrap_or_default();
    let done = Command::new("taskset").args(["-p", "-c", &core.to_string()]).arg(thread).stdout(Stdio::null()).status()?;
    if done.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("taskset cannot hold a thread on core {core}; the bench needs two cores")))
    }
}

type Started = io::Result<(Child, Instant)>;

/// Starts processes on one core. They inherit it, so that nothing but themselves is part of their start.
#[derive(Debug)]
pub struct Starter(mpsc::Sender<(Command, oneshot::Sender<Started>)>);

impl Starter {
    pub fn on(core: usize) -> Starter {
        let (sender, commands) = mpsc::channel::<(Command, oneshot::Sender<Started>)>();
        std::thread::spawn(move || {
            let held = hold(core).map_err(|error| error.to_string());
            for (mut command, reply) in commands {
                let begin = Instant::now();
                let started = held.clone().map_err(io::Error::other).and_then(|()| command.spawn()).map(|child| (child, begin));
                // Whoever asked may have gone.
                if let Err(Ok((mut child, _))) = reply.send(started) {
                    child.kill().unwrap_or_default();
                }
            }
        });
        Starter(sender)
    }

    /// The process, and when its start began.
    pub async fn start(&self, command: Command) -> Started {
        let (reply, started) = oneshot::channel();
        self.0.send((command, reply)).map_err(io::Error::other)?;
        started.await.map_err(io::Error::other)?
    }
}
