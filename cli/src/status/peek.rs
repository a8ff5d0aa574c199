//! A look into the queue for letters: how many wait, why, and since when. Nothing is hidden from other readers.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use tablefeed::json::{Json, parse};

use crate::letters::letter::reason;
use crate::letters::queue::Queue;

/// Messages that are read; of more than these the reasons are a sample.
const MOST: usize = 1000;
/// Calls without a new message, after which these are taken for all.
const QUIET: u32 = 3;

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Letters {
    /// Messages that can be received, as the queue counts them.
    pub waiting: u64,
    /// Such as another reader has, or that are delayed.
    pub hidden: u64,
    /// Messages that were read; the rest of this is of them.
    pub seen: u64,
    /// Messages by reason; `none` are no letters.
    pub reasons: BTreeMap<String, u64>,
    /// When the oldest was sent, in milliseconds since 1970.
    pub oldest: Option<u64>,
}

/// Reads up to a thousand messages.
pub async fn peek(queue: &Queue) -> anyhow::Result<Letters> {
    let counts = queue.counts().await?;
    let mut letters = Letters { waiting: counts.visible, hidden: counts.hidden, ..Letters::default() };
    if counts.visible == 0 {
        return Ok(letters);
    }
    let mut ids = HashSet::new();
    let mut quiet = 0;
    while quiet < QUIET && ids.len() < MOST {
        let before = ids.len();
        for message in queue.receive(0).await? {
            if ids.insert(message.id) {
                letters.add(&message.body, message.sent);
            }
        }
        quiet = if ids.len() > before { 0 } else { quiet + 1 };
    }
    Ok(letters)
}

impl Letters {
    fn add(&mut self, body: &str, sent: u64) {
        let body = parse(body).unwrap_or(Json::Null);
        self.seen += 1;
        *self.reasons.entry(reason(&body).unwrap_or("none").to_owned()).or_default() += 1;
        let oldest = self.oldest.map_or(sent, |oldest| oldest.min(sent));
        self.oldest = Some(oldest).filter(|sent| *sent > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_by_reason_and_the_oldest_is_known() {
        let mut letters = Letters::default();
        for (body, sent) in [(r#"{"reason":"bad_json"}"#, 9), ("no letter", 7), (r#"{"reason":"bad_json"}"#, 8)] {
            letters.add(body, sent);
        }
        assert_eq!((letters.seen, letters.oldest), (3, Some(7)));
        assert_eq!(letters.reasons, BTreeMap::from([("bad_json".to_owned(), 2), ("none".to_owned(), 1)]));
    }
}
