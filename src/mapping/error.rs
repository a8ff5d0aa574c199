//! What is wrong with a declaration, and where.
//!
//! In: a fault as the compiling functions return it, with the place growing on the way up. Out: [`MappingError`] for people.

use super::locate;
use crate::json::JsonError;

/// The first thing wrong with a mapping declaration. The message says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping, line {line} column {column}{}: {message}", place(.pointer))]
pub struct MappingError {
    /// The JSON Pointer (RFC 6901) of the value at fault; empty for the whole declaration.
    pub pointer: String,
    /// Counted from 1.
    pub line: usize,
    /// Characters in the line, counted from 1.
    pub column: usize,
    pub message: String,
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" ({pointer})") }
}

impl MappingError {
    pub(super) fn syntax(text: &str, error: JsonError) -> MappingError {
        let (line, column) = locate::line_and_column(text, error.offset);
        MappingError { pointer: String::new(), line, column, message: format!("not JSON: {}", error.what) }
    }

    pub(super) fn at(text: &str, fault: Fault) -> MappingError {
        let tokens: Vec<String> = fault.place.into_iter().rev().collect();
        let (line, column) = locate::line_and_column(text, locate::offset(text, &tokens));
        MappingError { pointer: pointer(&tokens), line, column, message: fault.message }
    }
}

fn pointer(tokens: &[String]) -> String {
    tokens.iter().fold(String::new(), |pointer, token| pointer + "/" + &token.replace('~', "~0").replace('/', "~1"))
}

/// A fault on its way up from the value at fault to the whole declaration.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    /// Pointer tokens, innermost first.
    place: Vec<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), place: Vec::new() }
    }

    /// What is wrong, without its place.
    pub(super) fn message(self) -> String {
        self.message
    }

    /// What is wrong, behind the JSON Pointer of its place.
    pub(super) fn described(self) -> String {
        let tokens: Vec<String> = self.place.into_iter().rev().collect();
        if tokens.is_empty() { self.message } else { format!("{}: {}", pointer(&tokens), self.message) }
    }

    pub(super) fn under(mut self, token: &str) -> Fault {
        self.place.push(token.to_owned());
        self
    }
}

/// Adds to a fault the member or element it came from.
pub(super) fn under(token: impl ToString) -> impl FnOnce(Fault) -> Fault {
    move |fault| fault.under(&token.to_string())
}
