//! A small HTTP server for one test.

use std::future::Future;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers on a port of its own until the runtime ends; returns its URL, without a slash at the end.
pub async fn serve<F, A>(answer: F) -> String
where
    F: Fn(String, HeaderMap, Bytes) -> A + Send + Sync + 'static,
    A: Future<Output = (u16, String)> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    let (status, text) = answer(head.uri.path().to_owned(), head.headers, body).await;
                    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
                    Ok::<_, hyper::Error>(response.body(Full::new(Bytes::from(text))).unwrap())
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    url
}
