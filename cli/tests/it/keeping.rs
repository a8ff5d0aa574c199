//! A connection to a server that is kept from one POST to the next.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Connection(BufReader<TcpStream>);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Null without a body.
    pub body: Value,
}

impl Connection {
    pub fn open(address: &str) -> Option<Connection> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        Some(Connection(BufReader::new(stream)))
    }

    /// Sends a body under its `Idempotency-Key`; none if the connection breaks.
    pub fn post(&mut self, key: &str, body: &str) -> Option<Answer> {
        let length = body.len();
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        let request = format!("{head}idempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}");
        self.0.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if status.is_none() {
                status = line.get(9..12)?.parse().ok();
            } else if line == "\r\n" {
                break;
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some(Answer { status: status?, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
