//! Letters for the eye: messages collapsed by the letter's id, in the order of the stream.

use std::collections::BTreeMap;

use tablefeed::json::{Json, parse};

use super::message::Message;
use super::stream::by_value;

/// One letter, however many messages carry it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The letter's id; the message's own where the body is no letter.
    pub id: String,
    /// Messages with this id.
    pub count: usize,
    pub body: String,
}

/// The letters that messages carry, by their place in the stream, then id.
pub fn collapsed(messages: impl IntoIterator<Item = Message>) -> Vec<Letter> {
    let mut by_id: BTreeMap<String, Letter> = BTreeMap::new();
    for message in messages {
        let id = parse(&message.body).ok().and_then(|letter| text(&letter, "id").map(str::to_owned)).unwrap_or(message.id);
        by_id.entry(id.clone()).and_modify(|letter| letter.count += 1).or_insert(Letter { id, count: 1, body: message.body });
    }
    let mut letters: Vec<Letter> = by_id.into_values().collect();
    letters.sort_by_cached_key(Letter::place);
    letters
}

impl Letter {
    /// Source, shard, sequence number by its value, position in the record, id.
    fn place(&self) -> (String, String, usize, String, u64, String) {
        let body = self.json();
        let part = |name| text(&body, name).unwrap_or_default().to_owned();
        let sequence = part("sequence");
        let (digits, sequence) = by_value(&sequence);
        let sub_sequence = match body.get("sub_sequence") {
            Some(Json::Number(digits)) => digits.parse().unwrap_or(u64::MAX),
            _ => 0,
        };
        (part("source"), part("shard"), digits, sequence.to_owned(), sub_sequence, self.id.clone())
    }

    /// The body; null if it is not JSON.
    pub fn json(&self) -> Json<'_> {
        parse(&self.body).unwrap_or(Json::Null)
    }
}

/// A member that is text.
pub fn text<'l>(letter: &'l Json<'_>, name: &str) -> Option<&'l str> {
    match letter.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// Why it is in the queue: a letter's reason, or Lambda's condition for giving records up.
pub fn reason<'l>(body: &'l Json<'_>) -> Option<&'l str> {
    text(body, "reason").or_else(|| text(body.get("requestContext")?, "condition"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, body: String) -> Message {
        Message { id: id.to_owned(), receipt: String::new(), body, sent: 0 }
    }

    #[test]
    fn repeats_are_one_letter_and_order_is_the_streams() {
        let letter =
            |id: &str, sequence: &str| message(&format!("m{id}"), format!(r#"{{"id":"{id}","sequence":"{sequence}","sub_sequence":0}}"#));
        let letters = collapsed(vec![letter("b", "10"), letter("a", "9"), letter("b", "10"), message("x", String::new())]);
        let shown: Vec<(&str, usize)> = letters.iter().map(|letter| (letter.id.as_str(), letter.count)).collect();
        assert_eq!(shown, [("x", 1), ("a", 1), ("b", 2)]);
    }

    #[test]
    fn a_reason_is_a_letters_or_lambdas() {
        let reason = |body: &str| super::reason(&parse(body).unwrap()).map(str::to_owned);
        assert_eq!(reason(r#"{"reason":"bad_json"}"#).as_deref(), Some("bad_json"));
        assert_eq!(reason(r#"{"requestContext":{"condition":"RecordAgeExceeded"}}"#).as_deref(), Some("RecordAgeExceeded"));
        assert_eq!(reason("{}"), None);
    }
}
