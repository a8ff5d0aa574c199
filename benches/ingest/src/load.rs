//! The load: so many connections, each of which sends one document, waits for the answer, and sends the next.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::wire::{self, Buffer};

const DOCUMENT: &str = r#"{"sensor":"north-12","temperature":10.01,"humidity":44,"ok":true}"#;

/// What was answered in time.
#[derive(Debug, Default)]
pub struct Answers {
    /// Microseconds, one for each request that was answered with 204.
    pub micros: Vec<u32>,
    /// Answered with anything else, or not at all.
    pub failed: u64,
}

/// Loads the server for so long.
pub async fn run(address: &str, connections: usize, length: Duration) -> Answers {
    let end = Instant::now() + length;
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(worker(address.to_owned(), end));
    }
    let mut all = Answers::default();
    while let Some(done) = workers.join_next().await {
        match done {
            Ok(answers) => {
                all.micros.extend(answers.micros);
                all.failed += answers.failed;
            }
            Err(_) => all.failed += 1,
        }
    }
    all
}

async fn worker(address: String, end: Instant) -> Answers {
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{DOCUMENT}",
        DOCUMENT.len()
    );
    let mut answers = Answers::default();
    while Instant::now() < end {
        // A server may end a connection whenever it has answered.
        if connection(&address, request.as_bytes(), end, &mut answers).await.is_err() {
            answers.failed += 1;
        }
    }
    answers
}

async fn connection(address: &str, request: &[u8], end: Instant, answers: &mut Answers) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Buffer::default();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(());
        }
        stream.write_all(request).await?;
        let head = buffer.message(&mut stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let answered = Instant::now();
        if answered <= end {
            match wire::status(&head) {
                Some(204) => answers.micros.push(u32::try_from((answered - sent).as_micros()).unwrap_or(u32::MAX)),
                _ => answers.failed += 1,
            }
        }
        if wire::header(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            return Ok(());
        }
    }
}
