//! Connections: accepted until the server stops, then let finish what they are at, within a bound.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Front;

/// How long calls that run may take to finish when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of file handles, most likely.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves until `stop` changes or its sender is gone.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>, mut stop: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&front), stop.clone()));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    if timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, front: Arc<Front>, mut stop: watch::Receiver<()>) {
    // Without it small answers wait for acknowledgements; if it cannot be set they are slow, not wrong.
    stream.set_nodelay(true).ok();
    let stopping = stop.clone();
    let service = service_fn(move |request| {
        let (front, stop) = (Arc::clone(&front), stopping.clone());
        async move { front.handle(request, stop).await }
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // How a connection ended is its caller's to notice.
    tokio::select! {
        ended = connection.as_mut() => drop(ended),
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}
