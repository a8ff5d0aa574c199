//! A URL that a relay POSTs to, on a port of its own: it does as it is told with each request, and knows what it was sent and what it acknowledged.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Take,
    TakeAfter(Duration),
    Refuse(u16),
    /// It is read, and never answered.
    Hang,
    /// It is read, and the connection is closed.
    Cut,
}

/// One request with records.
#[derive(Debug)]
pub struct Post {
    /// What the header `x-life` said.
    pub life: Option<usize>,
    pub does: Does,
    /// The `id` and the `n` of each record's new item.
    pub records: Vec<(String, u64)>,
    /// The `n` of those that were acknowledged before.
    pub again: Vec<u64>,
}

/// What came, in the order in which it came.
#[derive(Debug, Default)]
pub struct Journal {
    pub posts: Vec<Post>,
    /// The records that were answered with 2xx, in the order of the answers; each once.
    pub taken: Vec<(String, u64)>,
    known: BTreeSet<u64>,
}

#[derive(Clone)]
pub struct Webhook {
    pub url: String,
    journal: Arc<Mutex<Journal>>,
}

impl Webhook {
    /// Serves until the test's process ends. `does` says what becomes of each request, by its number.
    pub fn start(does: impl Fn(u64) -> Does + Send + Sync + 'static) -> Webhook {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Webhook { url: format!("http://{}/", listener.local_addr().unwrap()), journal: Arc::default() };
        let (here, does) = (hook.clone(), Arc::new(does));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (here, does) = (here.clone(), Arc::clone(&does));
                thread::spawn(move || here.serve(stream, &*does));
            }
        });
        hook
    }

    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap()
    }

    /// Answers one request after another, until it is not to answer, or the connection ends.
    fn serve(&self, mut stream: TcpStream, does: &dyn Fn(u64) -> Does) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (life, body) = request(&mut reader)?;
            let (does, records) = self.note(life, &body, does);
            match does {
                Does::Take => self.take(&mut stream, &records)?,
                Does::TakeAfter(time) => {
                    thread::sleep(time);
                    self.take(&mut stream, &records)?;
                }
                Does::Refuse(status) => {
                    let head = format!("HTTP/1.1 {status} x\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(head.as_bytes()).ok()?;
                }
                // The sender ends it.
                Does::Hang => return reader.read_to_end(&mut Vec::new()).map(drop).ok(),
                Does::Cut => return None,
            }
        }
    }

    fn note(&self, life: Option<usize>, body: &Value, does: &dyn Fn(u64) -> Does) -> (Does, Vec<(String, u64)>) {
        let records: Vec<(String, u64)> = body["Records"].as_array().unwrap().iter().map(record).collect();
        let mut journal = self.journal();
        let does = does(journal.posts.len() as u64);
        let again = records.iter().map(|(_, n)| *n).filter(|n| journal.known.contains(n)).collect();
        journal.posts.push(Post { life, does, records: records.clone(), again });
        (does, records)
    }

    /// What is acknowledged is noted with the answer, before anything else comes.
    fn take(&self, stream: &mut TcpStream, records: &[(String, u64)]) -> Option<()> {
        let mut journal = self.journal();
        stream.write_all(b"HTTP/1.1 204 x\r\n\r\n").ok()?;
        let new: Vec<_> = records.iter().filter(|(_, n)| journal.known.insert(*n)).cloned().collect();
        journal.taken.extend(new);
        Some(())
    }
}

fn record(record: &Value) -> (String, u64) {
    let item = &record["dynamodb"]["NewImage"];
    (item["id"]["S"].as_str().unwrap().to_owned(), item["n"]["N"].as_str().unwrap().parse().unwrap())
}

/// Reads one request: its `x-life` and its body; none if it is not whole.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(Option<usize>, Value)> {
    let (mut life, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("x-life", value)) => life = value.parse().ok(),
            Some(("content-length", value)) => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((life, serde_json::from_slice(&body).unwrap()))
}
