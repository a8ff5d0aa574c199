//! DynamoDB and DynamoDB Streams: the `dynoxide` server on a private loopback port, and the pooled client that passes calls on to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::arn::by_name;
use crate::body::Answer;
use crate::error::Error;
use crate::reply::ApiError;
use crate::target::Service;

/// How long the engine may take to finish what runs when it is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// Passes calls on.
pub(crate) struct Engine {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The running server; it stops when this is dropped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Engine {
    /// Starts the server on a file, or in memory when there is none.
    pub(crate) async fn start(file: Option<&Path>) -> Result<(Engine, Running), Error> {
        let path = file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
        let database = match file {
            None => Database::memory(),
            // Back to normal: commits without fsync, which in WAL mode the end of the process cannot harm.
            Some(_) => Database::new(&path).and_then(|database| database.disable_bulk_loading().map(|()| database)),
        };
        let database = database.map_err(|error| Error::Tables { path, reason: error.to_string() })?;
        let refused = |source| Error::Listen { port: 0, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // It ends when it is told to, or when the teller is gone; a failure after that concerns nobody.
            drop(serve_with_shutdown(listener, database, async move { drop(stopped.await) }).await);
        });
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok((Engine { address, client }, Running { stop, task }))
    }

    /// Passes a call on; the answer's body is streamed back.
    pub(crate) async fn call(&self, service: Service, parts: &Parts, body: Bytes) -> Response<Answer> {
        let unavailable = |error: String| ApiError::internal(error).into_reply(service).into_response(service);
        // The engine serves `/` only; the query may hold the signature.
        let query = parts.uri.query().map_or(String::new(), |query| format!("?{query}"));
        let uri = match format!("http://{}/{query}", self.address).parse::<Uri>() {
            Ok(uri) => uri,
            Err(error) => return unavailable(error.to_string()),
        };
        let mut request = Request::new(Full::new(by_name(body)));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = parts.headers.clone();
        for header in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT] {
            request.headers_mut().remove(header);
        }
        match self.client.request(request).await {
            Ok(response) => response.map(Answer::Engine),
            Err(error) => unavailable(format!("the local DynamoDB did not answer: {error}")),
        }
    }
}

impl Running {
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let abort = self.task.abort_handle();
        if timeout(GRACE, self.task).await.is_err() {
            abort.abort();
        }
    }
}
