//! What goes on to the next module: in order, once it is stored, and kept until it is taken.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tablefeed_local::{Fault, Rule};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::world::World;

/// The next module, which takes bodies while it may.
pub struct Next {
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    taken: Mutex<Vec<Value>>,
    refuses: Mutex<bool>,
    came: Notify,
}

impl Next {
    pub async fn start() -> Next {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| take(request, state.clone()));
                tokio::spawn(
                    async move { hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
                );
            }
        });
        Next { url, state }
    }

    pub fn refuse(&self, refuses: bool) {
        *self.state.refuses.lock().unwrap() = refuses;
    }

    /// The bodies that were taken, once there are so many.
    pub async fn taken(&self, at_least: usize) -> Vec<Value> {
        let enough = async {
            loop {
                let came = self.state.came.notified();
                let taken = self.state.taken.lock().unwrap().clone();
                if taken.len() >= at_least {
                    return taken;
                }
                came.await;
            }
        };
        timeout(Duration::from_secs(30), enough).await.unwrap()
    }
}

async fn take(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let refuses = *state.refuses.lock().unwrap();
    if !refuses {
        state.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    }
    state.came.notify_one();
    Ok(Response::builder().status(if refuses { 503 } else { 200 }).body(Full::default()).unwrap())
}

#[tokio::test]
async fn stored_documents_go_on_in_order_with_id_and_time() {
    let (world, next, dir) = (World::new().await, Next::start().await, TempDir::new().unwrap());
    let server = world.serve(&[("EGRESS_API_HOST", &next.url), ("SPOOL_DIR", dir.path().to_str().unwrap())]).await;
    next.refuse(true);
    for n in 0..5 {
        assert_eq!(world.post(&server, &[], format!("{{\"n\":{n}}}")).await.status, 204);
    }
    assert_eq!(world.post(&server, &[], "[{\"n\":5},{\"n\":6}]").await.status, 204);
    assert_eq!(world.post(&server, &[], "[{\"n\":7},{\"id\":8}]").await.status, 422);
    next.refuse(false);
    let taken = next.taken(6).await;
    let numbers: Vec<&Value> = taken.iter().map(|body| &body["n"]).take(5).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(taken[0]["id"].is_string() && taken[0]["timestamp"].is_u64());
    assert_eq!((&taken[5][0]["n"], &taken[5][1]["n"], taken.len()), (&5.into(), &6.into(), 6));
}

#[tokio::test]
async fn a_full_spool_is_503_before_anything_is_written() {
    let (world, next, dir) = (World::new().await, Next::start().await, TempDir::new().unwrap());
    next.refuse(true);
    let spool = [("EGRESS_API_HOST", next.url.as_str()), ("SPOOL_DIR", dir.path().to_str().unwrap()), ("SPOOL_MAX_BYTES", "200")];
    let server = world.serve(&spool).await;
    let mut stored = 0;
    let refused = loop {
        match world.post(&server, &[], "{}").await {
            of if of.status == 204 => stored += 1,
            of => break of,
        }
    };
    assert_eq!((refused.status, world.items().await.len()), (503, stored));
    assert!(refused.body["detail"].as_str().unwrap().contains("spool is full"));
    let state = world.get(&server, "health").await.body["readiness"]["spools"][0].clone();
    assert_eq!((&state["waiting"], state["trouble"].is_string()), (&stored.into(), true));
    next.refuse(false);
    assert_eq!(next.taken(stored).await.len(), stored);
}

#[tokio::test]
async fn what_was_kept_goes_on_after_a_restart() {
    let (world, next, dir) = (World::new().await, Next::start().await, TempDir::new().unwrap());
    let spool = [("EGRESS_API_HOST", next.url.as_str()), ("SPOOL_DIR", dir.path().to_str().unwrap())];
    next.refuse(true);
    let server = world.serve(&spool).await;
    assert_eq!(world.post(&server, &[], "{\"n\":1}").await.status, 204);
    server.stop().await;
    next.refuse(false);
    let _server = world.serve(&spool).await;
    assert_eq!(next.taken(1).await[0]["n"], 1);
}

#[tokio::test]
async fn what_is_stored_goes_on_although_its_sender_went_away() {
    let (world, next, dir) = (World::new().await, Next::start().await, TempDir::new().unwrap());
    let server = world.serve(&[("EGRESS_API_HOST", &next.url), ("SPOOL_DIR", dir.path().to_str().unwrap())]).await;
    let slow = world.fault(Rule::new(Fault::Delay(Duration::from_millis(500))).operation("BatchWriteItem"));
    let mut sender = TcpStream::connect(server.url.trim_start_matches("http://").trim_end_matches('/')).await.unwrap();
    sender.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"n\":1}").await.unwrap();
    while world.aws.faults().fired(slow) == 0 {
        tokio::task::yield_now().await;
    }
    drop(sender);
    assert_eq!(next.taken(1).await[0]["n"], 1);
}
