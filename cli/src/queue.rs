//! The letters in a queue, read without taking them away.
//!
//! Messages are received, which hides them for a short while, until none is left, and then made visible again. A queue may hold a letter
//! more than once; such repeats are collapsed by the letter's id.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message};
use tablefeed::json::{Json, parse};

use crate::output;
use crate::resources::failed;

/// Messages a call, the most that SQS allows.
const AT_ONCE: u8 = 10;
/// How long received messages stay hidden if this program ends without making them visible.
const HIDDEN_SECONDS: i32 = 60;
/// Messages that are read; the rest is left alone, and that is said.
const MOST: usize = 100_000;

/// One letter, however many messages carry it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The letter's id; the message's own where the body is no letter.
    pub id: String,
    /// Messages with this id.
    pub count: usize,
    pub body: String,
}

/// Letters by their place in the stream, then id.
pub async fn letters(client: &Client, url: &str, wait_seconds: i32) -> anyhow::Result<Vec<Letter>> {
    let mut messages: Vec<Message> = Vec::new();
    let received = receive(client, url, wait_seconds, &mut messages).await;
    // Also what was received before a call failed.
    show_again(client, url, &messages).await?;
    received?;
    Ok(collapsed(messages))
}

async fn receive(client: &Client, url: &str, wait_seconds: i32, messages: &mut Vec<Message>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    while messages.len() < MOST {
        let call = client.receive_message().queue_url(url).max_number_of_messages(AT_ONCE.into());
        let call = call.visibility_timeout(HIDDEN_SECONDS).wait_time_seconds(wait_seconds);
        let received = call.send().await.map_err(|error| failed(format!("letters cannot be read from {url}"), &error))?;
        let before = seen.len();
        for message in received.messages.unwrap_or_default() {
            if seen.insert(message.message_id.clone()) {
                messages.push(message);
            }
        }
        // None left, or only such as came into sight again meanwhile.
        if seen.len() == before {
            return Ok(());
        }
    }
    output::note(&format!("only the first {MOST} messages were read"));
    Ok(())
}

async fn show_again(client: &Client, url: &str, messages: &[Message]) -> anyhow::Result<()> {
    for some in messages.chunks(AT_ONCE.into()) {
        let entries = some.iter().enumerate().map(|(index, message)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string()).visibility_timeout(0);
            entry.set_receipt_handle(message.receipt_handle.clone()).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let call = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
        let what = || format!("letters stay hidden for up to {HIDDEN_SECONDS} s");
        let shown = call.send().await.map_err(|error| failed(what(), &error))?;
        if let Some(refused) = shown.failed.first() {
            output::note(&format!("{}: {}", what(), refused.code));
        }
    }
    Ok(())
}

fn collapsed(messages: Vec<Message>) -> Vec<Letter> {
    let mut by_id: BTreeMap<String, Letter> = BTreeMap::new();
    for message in messages {
        let body = message.body.unwrap_or_default();
        let id = parse(&body).ok().and_then(|letter| text(&letter, "id").map(str::to_owned));
        let id = id.or(message.message_id).unwrap_or_default();
        by_id.entry(id.clone()).and_modify(|letter| letter.count += 1).or_insert(Letter { id, count: 1, body });
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
        let sequence = part("sequence").trim_start_matches('0').to_owned();
        let sub_sequence = match body.get("sub_sequence") {
            Some(Json::Number(digits)) => digits.parse().unwrap_or(u64::MAX),
            _ => 0,
        };
        (part("source"), part("shard"), sequence.len(), sequence, sub_sequence, self.id.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, sequence: &str) -> Message {
        Message::builder().message_id(format!("m{id}")).body(format!(r#"{{"id":"{id}","sequence":"{sequence}","sub_sequence":0}}"#)).build()
    }

    #[test]
    fn repeats_are_one_letter_and_order_is_the_streams() {
        let letters =
            collapsed(vec![message("b", "10"), message("a", "9"), message("b", "10"), Message::builder().message_id("x").build()]);
        let shown: Vec<(&str, usize)> = letters.iter().map(|letter| (letter.id.as_str(), letter.count)).collect();
        assert_eq!(shown, [("x", 1), ("a", 1), ("b", 2)]);
    }
}
