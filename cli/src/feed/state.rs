//! How far a file has been fed, and what tells that it is still the same file. Values; kept by [`Store`](super::store::Store).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::exit::BadInput;

const VERSION: u32 = 1;
/// Bytes at the beginning of the file, and in front of the offset, that the fingerprint is made of.
const PRINTED: u64 = 4096;

/// The checkpoint of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    source: String,
    /// The table, and where it is.
    destination: String,
    /// Every line that begins in front of it is done.
    pub offset: u64,
    /// Where the line in front of `offset` begins, if it had no line break.
    pub open_line: Option<u64>,
    /// The size of the file when it was last looked at.
    pub size: u64,
    fingerprint: String,
    arrivals: Vec<Arrival>,
}

/// Lines that begin in front of `until`, and are in no arrival before it, were first seen then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Arrival {
    until: u64,
    /// Milliseconds since 1970.
    at: u64,
}

impl State {
    /// Nothing is done.
    pub fn new(source: &str, destination: &str) -> State {
        let (source, destination) = (source.to_owned(), destination.to_owned());
        State {
            version: VERSION,
            source,
            destination,
            offset: 0,
            open_line: None,
            size: 0,
            fingerprint: String::new(),
            arrivals: Vec::new(),
        }
    }

    /// Refuses what a checkpoint was not made for: another version, another table, another or a shorter file.
    pub fn check(&self, expected: &State, file: &File, size: u64) -> anyhow::Result<()> {
        let State { version, source, destination, offset, .. } = self;
        let refused = |why: String| Err(BadInput::error(format!("{why}; --from-start feeds the file from its beginning")));
        if *version != expected.version || *source != expected.source {
            return refused(format!("the checkpoint is of version {version} and source {source}, not {} and {}", VERSION, expected.source));
        }
        if *destination != expected.destination {
            return refused(format!("{source} was fed into {destination} up to byte {offset}, not into {}", expected.destination));
        }
        if size < self.size.max(*offset) {
            return refused(format!("the file of {source} had {} bytes and has {size} now; only a file that grows can go on", self.size));
        }
        if *offset > self.size || self.fingerprint != fingerprint(file, *offset, self.size)? {
            return refused(format!("the checkpoint of {source} is of another file: what stands in front of byte {offset} has changed"));
        }
        Ok(())
    }

    /// Begins a run over a file that has this size now. Gives back where its lines begin: at the offset, unless the line in front of it was
    /// the last one without a line break and has grown since; then that line, which is fed again as a whole.
    pub fn begin(&mut self, file: &File, size: u64, now: Duration) -> io::Result<u64> {
        let mut next = [0];
        let grown = size > self.offset && file.read_at(&mut next, self.offset)? == 1 && next != *b"\n";
        let begin = self.open_line.filter(|_| grown).unwrap_or(self.offset);
        // The last one stays: its last line may grow later.
        let passed = self.arrivals.iter().take_while(|arrival| arrival.until <= begin).count();
        self.arrivals.drain(..passed.min(self.arrivals.len().saturating_sub(1)));
        if self.arrivals.last().is_none_or(|arrival| arrival.until < size) {
            self.arrivals.push(Arrival { until: size, at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX) });
        }
        self.advance(file, begin, None, size)?;
        Ok(begin)
    }

    /// Everything in front of this offset is done.
    pub fn advance(&mut self, file: &File, offset: u64, open_line: Option<u64>, size: u64) -> io::Result<()> {
        // A last line may have been read past the size that was seen.
        self.size = size.max(offset);
        (self.offset, self.open_line) = (offset, open_line);
        self.fingerprint = fingerprint(file, offset, self.size)?;
        Ok(())
    }

    /// When the line that begins there was first seen, since 1970: the same at every delivery and in every run, until the file is fed
    /// from its start again.
    pub fn arrival(&self, offset: u64) -> Duration {
        let arrival = self.arrivals.iter().find(|arrival| offset < arrival.until).or(self.arrivals.last());
        Duration::from_millis(arrival.map_or(0, |arrival| arrival.at))
    }

    /// The last time that lines were first seen.
    pub fn last_arrival(&self) -> Duration {
        Duration::from_millis(self.arrivals.iter().map(|arrival| arrival.at).max().unwrap_or(0))
    }
}

/// A sum over the first bytes of the file as far as it was seen, and over those in front of the offset.
fn fingerprint(file: &File, offset: u64, seen: u64) -> io::Result<String> {
    let mut sum = Md5::new();
    for (begin, end) in [(0, seen.min(PRINTED)), (offset.saturating_sub(PRINTED), offset)] {
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or(0)];
        file.read_exact_at(&mut bytes, begin)?;
        sum.update(&bytes);
    }
    Ok(STANDARD.encode(sum.finalize()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(content: &[u8]) -> (File, u64) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        (file, content.len() as u64)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_line_keeps_the_time_at_which_it_was_first_seen() {
        let mut state = State::new("s", "t");
        let (mut grows, size) = file(b"a\nb\n");
        state.begin(&grows, size, SECOND).unwrap();
        state.advance(&grows, 2, None, size).unwrap();
        grows.write_all(b"c\n").unwrap();
        assert_eq!(state.begin(&grows, 6, SECOND * 5).unwrap(), 2);
        assert_eq!([2, 4].map(|offset| state.arrival(offset)), [SECOND, SECOND * 5]);
        state.begin(&grows, 6, SECOND * 9).unwrap();
        assert_eq!((state.arrival(2), state.last_arrival()), (SECOND, SECOND * 5));
        state.advance(&grows, 6, None, 6).unwrap();
        state.begin(&grows, 6, SECOND * 9).unwrap();
        assert_eq!(state.arrivals.len(), 1);
    }

    #[test]
    fn a_last_line_that_has_grown_is_fed_again_and_one_that_was_ended_is_not() {
        for (grown, begin) in [(&b""[..], 4), (b"\nc\n", 4), (b"x\nc\n", 2)] {
            let mut state = State::new("s", "t");
            let (mut grows, size) = file(b"a\nbb");
            state.begin(&grows, size, SECOND).unwrap();
            state.advance(&grows, 4, Some(2), size).unwrap();
            grows.write_all(grown).unwrap();
            assert_eq!(state.begin(&grows, size + grown.len() as u64, SECOND * 2).unwrap(), begin);
            assert_eq!(state.arrival(2), SECOND);
        }
    }

    #[test]
    fn a_checkpoint_of_something_else_is_refused() {
        let (fed, size) = file(b"aa\nbb\ncc\n");
        let expected = State::new("s", "t");
        let mut state = expected.clone();
        state.begin(&fed, size, SECOND).unwrap();
        state.advance(&fed, 6, None, size).unwrap();
        let check = |content: &[u8], expected: &State| {
            let (file, size) = file(content);
            state.check(expected, &file, size).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(check(b"aa\nbb\ncc\n", &expected), "");
        assert_eq!(check(b"aa\nbb\ncc\ndd\n", &expected), "");
        assert!(check(b"aa\nbb\n", &expected).contains("had 9 bytes and has 6 now"));
        assert!(check(b"aa\nbx\ncc\n", &expected).contains("is of another file"));
        assert!(check(b"aa\nbb\ncc\n", &State::new("s", "u")).contains("was fed into t up to byte 6, not into u"));
        assert!(check(b"aa\nbb\ncc\n", &State::new("x", "t")).contains("--from-start"));
    }
}
