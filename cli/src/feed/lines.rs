//! The lines of a file from an offset on, one at a time. Empty lines are passed over; a last line without a line break counts.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

/// The longest line: the largest record that Kinesis takes.
pub const LONGEST_LINE: u64 = 10 * 1024 * 1024;

/// A line without its line break.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The byte at which it begins.
    pub offset: u64,
    pub data: Vec<u8>,
}

#[derive(Debug)]
pub struct Lines {
    reader: BufReader<File>,
    position: u64,
    end: u64,
    open: Option<u64>,
    too_long: Option<u64>,
}

impl Lines {
    /// The lines that begin at `begin` or behind it, and in front of `end`.
    pub fn new(mut file: File, begin: u64, end: u64) -> io::Result<Lines> {
        file.seek(SeekFrom::Start(begin))?;
        Ok(Lines { reader: BufReader::new(file), position: begin, end, open: None, too_long: None })
    }

    /// What comes next begins here.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Where the line in front of [`Lines::position`] begins, if it has no line break.
    pub fn open(&self) -> Option<u64> {
        self.open
    }

    /// Where a line begins that is longer than [`LONGEST_LINE`]; nothing is read from there on.
    pub fn too_long(&self) -> Option<u64> {
        self.too_long
    }

    /// The next line; `None` at the end, and in front of a line that is too long.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        while self.position < self.end && self.too_long.is_none() {
            let offset = self.position;
            let mut data = Vec::new();
            // One byte more for the line break.
            let read = self.reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut data)?;
            if read == 0 {
                break;
            }
            let ended = data.pop_if(|byte| *byte == b'\n').is_some();
            if data.len() as u64 > LONGEST_LINE {
                self.too_long = Some(offset);
                break;
            }
            self.position += read as u64;
            self.open = (!ended).then_some(offset);
            if !data.is_empty() && data != b"\r" {
                return Ok(Some(Line { offset, data }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn lines(content: &[u8], begin: u64) -> Lines {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Lines::new(file, begin, content.len() as u64).unwrap()
    }

    fn all(lines: &mut Lines) -> Vec<(u64, String)> {
        let text = |line: Line| (line.offset, String::from_utf8_lossy(&line.data).into_owned());
        std::iter::from_fn(|| lines.next().unwrap()).map(text).collect()
    }

    #[test]
    fn lines_know_where_they_begin_and_empty_ones_are_passed_over() {
        let mut of_all = lines(b"a\n\n\r\nbc\r\n\xff\nlast", 0);
        let texts = [(0, "a"), (5, "bc\r"), (9, "\u{fffd}"), (11, "last")].map(|(offset, text)| (offset, text.to_owned()));
        assert_eq!(all(&mut of_all), texts);
        assert_eq!((of_all.position(), of_all.open()), (15, Some(11)));
        assert_eq!(all(&mut lines(b"a\nb\n", 2)), [(2, "b".to_owned())]);
        assert_eq!(all(&mut lines(b"\n\n", 0)), []);
    }

    #[test]
    fn nothing_is_read_from_a_line_on_that_is_too_long() {
        let longest = usize::try_from(LONGEST_LINE).unwrap();
        let content = [b"a\n", "x".repeat(longest).as_bytes(), b"\n", "x".repeat(longest + 1).as_bytes(), b"\nb\n"].concat();
        let mut lines = lines(&content, 0);
        assert_eq!(all(&mut lines).len(), 2);
        assert_eq!((lines.too_long(), lines.position()), (Some(LONGEST_LINE + 3), LONGEST_LINE + 3));
    }
}
