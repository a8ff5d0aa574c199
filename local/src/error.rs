//! Why the embedded AWS cannot start.

use std::io;
use std::path::PathBuf;

/// Each message names the port, file or directory at fault and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("port {port} of 127.0.0.1 is in use: stop what listens there, or choose another port (0 takes any free one)")]
    PortInUse { port: u16 },
    #[error("cannot listen on port {port} of 127.0.0.1: choose another port (0 takes any free one)")]
    Listen { port: u16, source: io::Error },
    #[error("cannot use {path}: check that it can be read and written, or choose another directory", path = path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("{dir} belongs to another process: use its endpoint, stop it, or choose another directory", dir = dir.display())]
    Locked { dir: PathBuf },
    #[error("{dir} belongs to another process that does not answer: stop that process, or choose another directory", dir = dir.display())]
    OwnerSilent { dir: PathBuf },
    #[error("cannot open the tables in {path}: {reason}; move the file away to start with empty tables")]
    Tables { path: String, reason: String },
    #[error("cannot open the queues and parameters in {path}: move the file away to start with empty ones")]
    Store { path: String, source: rusqlite::Error },
}
