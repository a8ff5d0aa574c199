//! Why a text is not JSON.

use super::MAX_DEPTH;

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct JsonError {
    /// Bytes from the beginning of the text.
    pub offset: usize,
    pub what: JsonFault,
}

/// The faults that a text can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    #[error("the text ends too early")]
    End,
    #[error("expected a JSON value")]
    Value,
    #[error("expected a member name in double quotes")]
    Name,
    #[error("expected ':'")]
    Colon,
    #[error("expected ',' or ']'")]
    ArrayEnd,
    #[error("expected ',' or '}}'")]
    ObjectEnd,
    #[error("not a JSON number")]
    Number,
    #[error("control character in a string")]
    Control,
    #[error("not a JSON escape")]
    Escape,
    #[error("half of a surrogate pair")]
    Surrogate,
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    #[error("something follows the JSON value")]
    Trailing,
}
