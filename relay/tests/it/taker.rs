//! Destinations: what each path was given, and took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::http::serve;

/// One server for many destinations, each a path.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    taken: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
}

impl Receiver {
    /// `refuse` says of each POST, by its number, whether it is refused.
    pub async fn start(refuse: impl Fn(u64) -> bool + Send + Sync + 'static) -> Receiver {
        let taken: Arc<Mutex<BTreeMap<String, Vec<Value>>>> = Arc::default();
        let (here, count, refuse) = (Arc::clone(&taken), Arc::new(Mutex::new(0_u64)), Arc::new(refuse));
        let url = serve(move |path, _, body| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            let refused = refuse(number);
            if !refused {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let records = body["Records"].as_array().cloned().unwrap_or_default();
                here.lock().unwrap().entry(path).or_default().extend(records);
            }
            async move { (if refused { 503 } else { 200 }, String::new()) }
        })
        .await;
        Receiver { url, taken }
    }

    /// The records that a path took, in the order in which it took them.
    pub fn taken(&self, path: &str) -> Vec<Value> {
        self.taken.lock().unwrap().get(path).cloned().unwrap_or_default()
    }
}
