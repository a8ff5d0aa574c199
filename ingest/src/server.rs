//! The server: connections over the router and, beside them, what is forwarded; until it is told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tablefeed_server::Limits;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::{App, router};
use crate::forward::Forwarder;

/// Beyond the requests' own time-out, for their answers.
const DRAIN_MARGIN: Duration = Duration::from_secs(1);

/// Serves until `stop` is done; then takes nothing new, finishes what was begun, and returns in bounded time.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: impl Future<Output = ()>) -> io::Result<()> {
    let mut forwarding = JoinSet::new();
    if let Some(egress) = &app.front.egress {
        let forwarder = Forwarder::new(&egress.urls, egress.timeout)?;
        for spool in &app.spools {
            forwarding.spawn(forwarder.clone().run(spool.clone()));
        }
    }
    let limits = Limits { connections: app.front.max_connections, drain: app.front.request_timeout + DRAIN_MARGIN };
    let stop = async {
        stop.await;
        app.drain();
    };
    tablefeed_server::serve(listener, router(app.clone()), limits, stop).await;
    Ok(())
}
