//! HTTP/1.1 as far as the bench needs it: one message with its length in, its head out. Costs next to nothing, so that what is measured is the server.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

const MOST: usize = 64 << 10;

/// Bytes of one connection, read but not used yet.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// The head of the next message, once all of it is there, its body included; none at the end of the connection.
    pub async fn message(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<String>> {
        loop {
            if let Some(head) = end_of_head(&self.0) {
                let text = String::from_utf8_lossy(&self.0[..head]).into_owned();
                let length = header(&text, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0_usize);
                if self.0.len() >= head + length {
                    self.0.drain(..head + length);
                    return Ok(Some(text));
                }
            }
            if self.0.len() > MOST {
                return Err(io::Error::other("a message is longer than any of this bench"));
            }
            if stream.read_buf(&mut self.0).await? == 0 {
                return if self.0.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// A header's value.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The status of an answer's head.
pub fn status(head: &str) -> Option<u16> {
    head.get(9..12)?.parse().ok()
}
