//! Lambda freezes a function between invocations. What its connections' other ends close meanwhile must cost nothing.

use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::binary::environment;
use crate::event::{Event, curated};
use crate::lambda::Lambda;
use crate::world::World;

/// Stands between the function and AWS.
struct Proxy {
    url: String,
    connections: Arc<Mutex<JoinSet<()>>>,
}

impl Proxy {
    async fn start(endpoint: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind = endpoint.strip_prefix("http://").unwrap().to_owned();
        let connections: Arc<Mutex<JoinSet<()>>> = Arc::default();
        let of_proxy = connections.clone();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = TcpStream::connect(&behind).await.unwrap();
                let copy = async move { drop(copy_bidirectional(&mut near, &mut far).await) };
                of_proxy.lock().unwrap().spawn(copy);
            }
        });
        Proxy { url, connections }
    }

    /// Closes every connection, and returns how many there were.
    async fn close(&self) -> usize {
        let mut connections = std::mem::take(&mut *self.connections.lock().unwrap());
        let open = connections.len();
        connections.shutdown().await;
        open
    }
}

fn signal(lambda: &Lambda, name: &str) {
    let id = lambda.child.id().unwrap().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[tokio::test]
async fn connections_that_were_closed_while_the_function_was_frozen_cost_no_try() {
    let world = World::new().await;
    let proxy = Proxy::start(world.aws.endpoint()).await;
    let mut environment = environment(&world, &[("MAX_RETRY", "1")]);
    environment.insert("AWS_ENDPOINT_URL".to_owned(), proxy.url.clone());
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment).await;
    for round in 0..4 {
        let answer = lambda.invoke(Event::of((0..100).map(curated)).bytes()).await;
        assert_eq!(answer.body, json!({"batchItemFailures": []}), "round {round}");
        let line = lambda.line().await;
        assert_eq!(
            (&line["calls"]["BatchWriteItem"], &line["write_retries"], &line["calls"]["GetParameter"]),
            (&json!(4), &json!(0), &json!(1))
        );
        lambda.line().await;
        signal(&lambda, "-STOP");
        assert!(proxy.close().await >= 4);
        signal(&lambda, "-CONT");
    }
}
