//! Files of letters, or of records that Lambda gave up: entries, one JSON value each.
//!
//! A file is one value, however many lines it has, or a value a line. A line that was left unfinished spoils no other.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::Context as _;
use serde::de::IgnoredAny;

use crate::exit::BadInput;

/// The entries of a file, `-` being standard input, in its order.
pub fn entries(path: &Path) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<String>>>> {
    let what = path.display().to_string();
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path).map_err(|error| BadInput::error(format!("cannot read the letters in {what}: {error}")))?;
        Box::new(BufReader::new(file))
    };
    Ok(Box::new(of_reader(reader)?.map(move |entry| entry.with_context(|| format!("cannot read {what}")))))
}

fn of_reader(mut reader: Box<dyn BufRead>) -> io::Result<Box<dyn Iterator<Item = io::Result<String>>>> {
    let mut first = Vec::new();
    while first.trim_ascii().is_empty() {
        first.clear();
        if reader.read_until(b'\n', &mut first)? == 0 {
            return Ok(Box::new(std::iter::empty()));
        }
    }
    if is_json(&first) {
        return Ok(Box::new(std::iter::once(Ok(text(&first))).chain(lines(reader))));
    }
    reader.read_to_end(&mut first)?;
    if is_json(&first) { Ok(Box::new(std::iter::once(Ok(text(&first))))) } else { Ok(Box::new(lines(io::Cursor::new(first)))) }
}

fn lines(reader: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    reader.split(b'\n').map(|line| line.map(|line| text(&line))).filter(|line| !line.as_ref().is_ok_and(String::is_empty))
}

/// Bytes that are no text are no JSON either, and told as such later.
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.trim_ascii()).into_owned()
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &'static [u8]) -> Vec<String> {
        of_reader(Box::new(text)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_is_one_value_or_a_value_a_line() {
        assert_eq!(entries(b"\n{\"a\":1}\n\n{\"b\":2}"), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert_eq!(entries(b"{\n \"a\": 1\n}\n"), ["{\n \"a\": 1\n}"]);
        assert_eq!(entries(b"{\"a\":\n{\"b\":2}\r\n"), ["{\"a\":", r#"{"b":2}"#]);
        assert!(entries(b" \n").is_empty());
        assert_eq!(entries(b"1\n\xff\n").len(), 2);
    }
}
