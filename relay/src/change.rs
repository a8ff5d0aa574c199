//! One change of an item, as a stream has it.

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventName {
    Insert,
    Modify,
    Remove,
}

/// A sequence number: decimal digits, compared as a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(String);

impl Sequence {
    /// `None` unless it is digits.
    pub fn parse(text: &str) -> Option<Sequence> {
        let digits = text.trim_start_matches('0');
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| Sequence(digits.to_owned()))
    }

    /// Without leading zeros, but for zero itself.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "0" } else { &self.0 }
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// One change, read from a shard. Whoever delivers it decides which images its text has.
#[derive(Debug, Clone)]
pub struct Change {
    pub sequence: Sequence,
    /// When it was made, in milliseconds since 1970; the stream knows whole seconds, or finer.
    pub created: u64,
    pub event: EventName,
}
