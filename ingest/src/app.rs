//! What all requests share, and the router over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use tablefeed::aws::Clients;
use tablefeed::persist::Function;
use tablefeed::settings::LogLevel;
use tablefeed_server::{Keys, KeysError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::gather::Gather;
use crate::health;
use crate::metrics::Metrics;
use crate::post;
use crate::problem::Problem;
use crate::settings::{Front, IngestSettings};
use crate::spool::Spool;

/// The app name of the clients: tells the function's calls from those of others.
pub const APP: &str = "tablefeed-ingest";

/// Takes a line for the log.
pub type Log = fn(LogLevel, &str);

/// What all requests share.
pub struct App {
    pub(crate) front: Front,
    pub(crate) keys: Keys,
    pub function: Arc<Function>,
    pub(crate) gather: Gather,
    pub(crate) clients: Clients,
    pub metrics: Arc<Metrics>,
    /// One for each URL that stored documents go on to.
    pub spools: Vec<Arc<Spool>>,
    pub(crate) started: Instant,
    /// The last look at the table.
    pub(crate) table_seen: Mutex<Option<(Instant, Result<(), String>)>>,
    draining: AtomicBool,
    log: Log,
}

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A directory cannot be used, or another process uses it.
    #[error(transparent)]
    Spool(std::io::Error),
}

/// When the caller gives up, if that is sooner than the request's own time-out; an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

impl App {
    /// Reads the keys and opens the spools, if there are any.
    pub async fn open(settings: IngestSettings, clients: Clients, log: Log) -> Result<App, OpenError> {
        let IngestSettings { function, mut front } = settings;
        let keys = std::mem::take(&mut front.keys).load(&clients).await?;
        let spools = match &front.egress {
            Some(egress) => egress.urls.iter().map(|url| Spool::open(&egress.dir, url, egress.max_bytes).map(Arc::new)).collect(),
            None => Ok(Vec::new()),
        };
        let function = Arc::new(Function::new(function, clients.clone()));
        let metrics = Arc::new(Metrics::default());
        Ok(App {
            spools: spools.map_err(OpenError::Spool)?,
            gather: Gather::new(function.clone(), metrics.clone(), front.linger),
            front,
            keys,
            function,
            clients,
            metrics,
            started: Instant::now(),
            table_seen: Mutex::new(None),
            draining: AtomicBool::new(false),
            log,
        })
    }

    /// How long a request may take.
    pub fn request_timeout(&self) -> Duration {
        self.front.request_timeout
    }

    /// From now on nothing new is taken.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Says something in the log, if that is wanted.
    pub(crate) fn log(&self, level: LogLevel, message: &str) {
        if self.function.settings().logging.level <= level {
            (self.log)(level, message);
        }
    }
}

/// Every route.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", post(post::post))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::openapi))
        .fallback(|_: Uri| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here; POST documents to /") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "POST documents to /; everything else is read by GET")
        })
        .with_state(app)
}
