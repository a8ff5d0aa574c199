//! The floor: what a POST costs before anything is done with it. The product's own connections and limits, and a handler that writes nothing.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tablefeed_server::Limits;
use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener) {
    let routes = Router::new().route("/", post(|_: Bytes| async { StatusCode::NO_CONTENT }));
    let limits = Limits { connections: 1024, drain: Duration::from_secs(1) };
    tablefeed_server::serve(listener, routes, limits, std::future::pending()).await;
}
