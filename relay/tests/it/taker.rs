//! Destinations: what each path was given, and took; and how it takes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::http::serve;

/// What becomes of a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Take,
    Refuse,
    /// It is taken, and answered so much later.
    Slow(Duration),
    /// Nothing is answered, whether or not it is taken.
    Hang {
        taken: bool,
    },
    /// 410.
    Gone,
}

/// One server for many destinations, each a path.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    paths: Arc<Mutex<BTreeMap<String, Given>>>,
}

#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The records that were taken, in that order.
    pub taken: Vec<Arc<Value>>,
    pub posts: u64,
    /// 410 was answered.
    pub gone: bool,
}

impl Receiver {
    /// `act` says what becomes of a path's POST, by its number.
    pub async fn start(act: impl Fn(&str, u64) -> Act + Send + Sync + 'static) -> Receiver {
        let paths: Arc<Mutex<BTreeMap<String, Given>>> = Arc::default();
        let here = Arc::clone(&paths);
        let url = serve(move |path, _, body| {
            let act = {
                let mut paths = here.lock().unwrap();
                let given = paths.entry(path.clone()).or_default();
                given.posts += 1;
                let act = act(&path, given.posts);
                if matches!(act, Act::Take | Act::Slow(_) | Act::Hang { taken: true }) {
                    let body: Value = serde_json::from_slice(&body).unwrap();
                    given.taken.extend(body["Records"].as_array().cloned().unwrap_or_default().into_iter().map(Arc::new));
                }
                given.gone |= act == Act::Gone;
                act
            };
            async move {
                match act {
                    Act::Slow(time) => sleep(time).await,
                    Act::Hang { .. } => std::future::pending().await,
                    _ => {}
                }
                (
                    if act == Act::Gone {
                        410
                    } else if act == Act::Refuse {
                        503
                    } else {
                        200
                    },
                    String::new(),
                )
            }
        })
        .await;
        Receiver { url, paths }
    }

    /// What a path was given.
    pub fn given(&self, path: &str) -> Given {
        self.paths.lock().unwrap().get(path).cloned().unwrap_or_default()
    }

    /// The records that a path took, in the order in which it took them.
    pub fn taken(&self, path: &str) -> Vec<Arc<Value>> {
        self.given(path).taken
    }
}
