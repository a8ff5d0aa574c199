//! A DynamoDB that answers what a test tells it to, on a port of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Given an operation, or a path, and how often it was called before: a status and a body.
type Answer = dyn Fn(&str, usize) -> (u16, String) + Send + Sync;

pub struct Fake {
    url: String,
    calls: Arc<Mutex<HashMap<String, usize>>>,
}

impl Fake {
    /// Serves until the test's process ends.
    pub fn start(answer: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(HashMap::new()));
        let (answer, counted): (Arc<Answer>, _) = (Arc::new(answer), Arc::clone(&calls));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                std::thread::spawn(move || serve(stream, &*answer, &counted));
            }
        });
        Fake { url, calls }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.calls.lock().unwrap().get(operation).copied().unwrap_or(0)
    }
}

/// Answers one request after another, until the client closes the connection.
fn serve(stream: TcpStream, answer: &Answer, calls: &Mutex<HashMap<String, usize>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(operation) = operation(&mut reader) {
        let before = {
            let mut calls = calls.lock().unwrap();
            let count = calls.entry(operation.clone()).or_insert(0);
            *count += 1;
            *count - 1
        };
        let (status, body) = answer(&operation, before);
        let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n", body.len());
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one request, and returns the operation of its `x-amz-target`; its path if it has none.
fn operation(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut operation, mut length, mut path) = (None, 0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        path = path.or_else(|| line.split(' ').nth(1).map(str::to_owned));
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = value.split_once('.').map(|(_, operation)| operation.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    operation.or(path)
}
