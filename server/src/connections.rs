//! Connections over a router: their number and their patience are limited, and they end in peace.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a connection may take for the next head, idle time included.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
const MAX_HEAD_BYTES: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
/// A pause where the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How much a server holds, and how long it waits at its end.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// For what was begun when it is told to stop.
    pub drain: Duration,
}

/// Serves until `stop` is done; then takes nothing new, finishes what was begun, and returns after `limits.drain` at most.
pub async fn serve(listener: TcpListener, routes: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let (halt, halted) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = stop => {}
        () = accept(&listener, &routes, limits.connections, &mut connections, &halted) => {}
    }
    drop(listener);
    halt.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left after that was never answered.
    timeout(limits.drain, drained).await.unwrap_or_default();
}

async fn accept(listener: &TcpListener, routes: &Router, most: usize, connections: &mut JoinSet<()>, halted: &watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(most));
    while let Ok(permit) = permits.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, routes.clone(), halted.clone(), permit))),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, routes: Router, mut halted: watch::Receiver<bool>, permit: OwnedSemaphorePermit) {
    // Without it, small answers may wait for the sender's acknowledgement; they only come later.
    stream.set_nodelay(true).unwrap_or_default();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADERS);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = is_told(&mut halted) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    // A connection that broke has nobody to be told.
    ended.unwrap_or_default();
    drop(permit);
}

/// Returns once the server is to stop.
async fn is_told(halted: &mut watch::Receiver<bool>) {
    // An error means that the server is gone already.
    halted.wait_for(|halted| *halted).await.map(drop).unwrap_or_default();
}
