//! The signals that end a long command: Ctrl-C, and what a service manager sends.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listening from the moment it is made: a signal that came before [`Stop::wait`] is not lost.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub fn listen() -> anyhow::Result<Stop> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Stop { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Returns when one comes.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
