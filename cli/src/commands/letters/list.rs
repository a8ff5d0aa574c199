//! `tablefeed letters list`: one line a letter.

use clap::Args;
use tablefeed::json::Json;

use super::show::Show;
use super::{Place, now};
use crate::exit::Exit;
use crate::letters::filter::Filter;
use crate::letters::letter::{Letter, collapsed, reason, text};
use crate::letters::look::{Look, Looked};
use crate::letters::queue::Queue;
use crate::output;
use crate::summary::counted;
use crate::target::Target;
use crate::text_table;

pub const EXAMPLES: &str = "Examples:
  tablefeed letters list --reason bad_json --reason missing_field --newer-than 2h
  tablefeed letters list --json
  tablefeed letters list --aws --queue https://sqs.us-east-1.amazonaws.com/123456789012/letters";

/// List letters in the order of their streams
///
/// Nothing is taken away. Repeats of one letter are counted.
#[derive(Debug, Args)]
pub struct List {
    /// Print each letter as one line of JSON: its members, and `count`, its messages in the queue
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    place: Place,
}

impl List {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let (letters, looked) = read(&self.place, &self.filter, self.look).await?;
        if self.json {
            output::lines(letters.iter().map(json_line))?;
        } else {
            output::lines(lines(&letters))?;
        }
        if let Some(note) = looked.note() {
            output::note(&note);
        }
        Ok(Exit::Done)
    }

    /// The same place, but one letter.
    pub fn show(self, id: String) -> Show {
        Show { id, json: self.json, look: self.look, place: self.place }
    }
}

/// The letters of a queue that a filter selects.
pub async fn read(place: &Place, filter: &Filter, look: Look) -> anyhow::Result<(Vec<Letter>, Looked)> {
    let target = Target::open(&place.target).await?;
    let now = now();
    let mut messages = Vec::new();
    let looked = async {
        let queue = Queue::open(&target, &place.queue).await?;
        let keep = |message| {
            if filter.selects(&message, now) {
                messages.push(message);
            }
            Ok(())
        };
        look.at(&queue, keep).await
    };
    let looked = looked.await;
    target.close().await;
    Ok((collapsed(messages), looked?))
}

/// The letter's own members behind the count; a message that is no letter is told whole.
pub fn json_line(letter: &Letter) -> String {
    let count = letter.count.to_string();
    let mut members = vec![("count".into(), Json::Number(&count))];
    match letter.json() {
        Json::Object(of_letter) => members.extend(of_letter),
        _ => members.extend([("id", &letter.id), ("body", &letter.body)].map(|(name, text)| (name.into(), Json::String(text.into())))),
    }
    Json::Object(members).to_string()
}

fn lines(letters: &[Letter]) -> Vec<String> {
    let head = ["id", "reason", "count", "sequence", "sub", "error"].map(str::to_owned).to_vec();
    let rows = letters.iter().map(|letter| {
        let body = letter.json();
        let part = |name| text(&body, name).unwrap_or_default().to_owned();
        let reason = reason(&body).unwrap_or("(no letter)").to_owned();
        let sub_sequence = body.get("sub_sequence").map(Json::to_string).unwrap_or_default();
        vec![letter.id.clone(), reason, letter.count.to_string(), tail(&part("sequence")), sub_sequence, part("error")]
    });
    let mut lines = if letters.is_empty() { Vec::new() } else { text_table::lines(&std::iter::once(head).chain(rows).collect::<Vec<_>>()) };
    let messages: usize = letters.iter().map(|letter| letter.count).sum();
    lines.push(format!("{} in {}", counted(letters.len() as u64, "letter"), counted(messages as u64, "message")));
    lines
}

/// The end of a sequence number: the beginning is the same for a whole stream.
fn tail(sequence: &str) -> String {
    const SHOWN: usize = 12;
    match sequence.char_indices().rev().nth(SHOWN - 1) {
        Some((start, _)) if start > 0 => format!("…{}", &sequence[start..]),
        _ => sequence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_number_is_told_by_its_end() {
        assert_eq!(tail("49590338271490256608559692538361571095921575989136588898"), "…989136588898");
        assert_eq!(tail("123"), "123");
    }
}
