//! The running server: start, endpoint, recorder and faults, stop.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::directory::Directory;
use crate::engine::{Engine, Running};
use crate::error::Error;
use crate::faults::Faults;
use crate::front::{self, Front};
use crate::recorder::Recorder;
use crate::sqs;
use crate::store::Store;

/// Where tables, queues and parameters are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// Gone with the server.
    #[default]
    Memory,
    /// Files in a directory, which is created if need be and belongs to this server until it stops.
    Dir(PathBuf),
}

/// How to start; the default is memory and any port.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub storage: Storage,
    /// Port of 127.0.0.1; 0 takes any free one.
    pub port: u16,
}

/// The embedded AWS. It stops when dropped, too, but only [`Embedded::stop`] waits for that.
pub struct Embedded {
    front: Arc<Front>,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
    engine: Running,
}

impl Embedded {
    /// Serves on the current Tokio runtime until stopped or dropped.
    pub async fn start(config: Config) -> Result<Embedded, Error> {
        let directory = match &config.storage {
            Storage::Memory => None,
            Storage::Dir(dir) => Some(Directory::take(dir)?),
        };
        let listener = listen(config.port).await?;
        let address = listener.local_addr().map_err(|source| Error::Listen { port: config.port, source })?;
        let endpoint = format!("http://{address}");
        let file = |name: &str| directory.as_ref().map(|directory| directory.path().join(name));
        let (engine, running) = Engine::start(file("tables.db").as_deref()).await?;
        let store = Arc::new(file("queues.db").map_or_else(Store::memory, |path| Store::file(&path))?);
        let front = Front { endpoint, directory, engine, store, recorder: Recorder::default(), faults: Faults::default() };
        let front = Arc::new(front);
        let (stop, stopped) = watch::channel(());
        let serving = tokio::spawn(front::serve(listener, Arc::clone(&front), stopped));
        if let Some(directory) = &front.directory {
            directory.announce(&front.endpoint)?;
        }
        Ok(Embedded { front, stop, serving, engine: running })
    }

    /// The URL for an SDK's `endpoint_url`, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.front.endpoint
    }

    /// The URL of a queue, whether it exists or not.
    pub fn queue_url(&self, name: &str) -> String {
        sqs::queue_url(&self.front.endpoint, name)
    }

    pub fn recorder(&self) -> &Recorder {
        &self.front.recorder
    }

    pub fn faults(&self) -> &Faults {
        &self.front.faults
    }

    /// Lets running calls finish, within some seconds, closes the files and gives the directory up.
    pub async fn stop(self) {
        let Embedded { front, stop, serving, engine } = self;
        if let Some(directory) = &front.directory {
            // What cannot be taken back is stale, and known to be: nobody holds the lock.
            directory.withdraw().ok();
        }
        drop(stop);
        // It ends within its own bound; a panic in there has nothing left to spoil.
        serving.await.ok();
        engine.stop().await;
    }
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse { port },
        _ => Error::Listen { port, source },
    })
}
