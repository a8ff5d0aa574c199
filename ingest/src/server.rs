//! Connections over the router: their number and their patience are limited, and they end in peace.

use std::io;
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

use crate::app::{App, router};
use crate::forward::Forwarder;

/// How long a connection may take for the next head, idle time included.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
const MAX_HEAD_BYTES: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
/// A pause where the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Beyond the requests' own time-out, for their answers.
const DRAIN_MARGIN: Duration = Duration::from_secs(1);

/// Serves until `stop` comes; then takes nothing new, finishes what was begun, and returns in bounded time.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: impl Future<Output = ()>) -> io::Result<()> {
    let mut forwarding = JoinSet::new();
    if let Some(egress) = &app.front.egress {
        let forwarder = Forwarder::new(&egress.urls, egress.timeout)?;
        for spool in &app.spools {
            forwarding.spawn(forwarder.clone().run(spool.clone()));
        }
    }
    let (halt, halted) = watch::channel(false);
    let mut connections = JoinSet::new();
    let routes = router(app.clone());
    tokio::select! {
        () = stop => {}
        () = accept(&listener, &app, &routes, &mut connections, &halted) => {}
    }
    drop(listener);
    app.drain();
    halt.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left after that was never answered.
    timeout(app.request_timeout() + DRAIN_MARGIN, drained).await.unwrap_or_default();
    Ok(())
}

async fn accept(listener: &TcpListener, app: &App, routes: &Router, connections: &mut JoinSet<()>, halted: &watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(app.front.max_connections));
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
