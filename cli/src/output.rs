//! The one file that prints: results on standard output, everything else on standard error.
//!
//! In: texts without a line break at their end. A reader that went away is an error of the kind `BrokenPipe`, which ends the command in peace.

use std::io::{self, Write as _};

/// A result, and the line break behind it. Flushed, so that a reader has it at once.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Many results, a line each.
pub fn lines(texts: impl IntoIterator<Item = String>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for text in texts {
        writeln!(out, "{text}")?;
    }
    out.flush()
}

/// A line for the person, apart from the results. Lost if nobody listens.
pub fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// The same, dim where a terminal shows it.
pub fn dim_note(text: &str) {
    writeln!(anstream::stderr().lock(), "\u{1b}[2m{text}\u{1b}[0m").unwrap_or_default();
}

/// Why the command failed, with causes that its text does not name already.
pub fn error(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    note(&format!("error: {text}"));
}
