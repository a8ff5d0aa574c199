//! `tablefeed letters`: the letters that wait in a queue, or one of them whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use tablefeed::json::Json;

use crate::exit::{BadInput, Exit};
use crate::output;
use crate::pretty;
use crate::queue::{self, Letter, text};
use crate::resources::{QUEUE, find_queue};
use crate::target::{Target, TargetArgs};
use crate::text_table;

const EXAMPLES: &str = "Examples:
  tablefeed letters
  tablefeed letters 1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11
  tablefeed letters --json";

/// The cloud's queues answer for all their servers only if asked to wait.
const WAIT_IN_CLOUD: i32 = 1;

/// Show the letters in a queue, or one of them with its data
///
/// Nothing is taken away: letters are out of sight while they are read, and in sight again afterwards. Repeats of one letter are counted.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Letters {
    /// Show this letter whole, and its data decoded
    id: Option<String>,
    /// Print each letter as one line of JSON: its members, and `count`, its messages in the queue
    #[arg(long)]
    json: bool,
    /// The queue
    #[arg(long, value_name = "NAME_OR_URL", default_value = QUEUE)]
    queue: String,
    #[command(flatten)]
    target: TargetArgs,
}

impl Letters {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let target = Target::open(&self.target).await?;
        let read = self.read(&target).await;
        target.close().await;
        let mut letters = read?;
        if let Some(id) = &self.id {
            letters.retain(|letter| letter.id == *id);
            if letters.is_empty() {
                return Err(BadInput::error(format!("there is no letter {id}; `tablefeed letters` lists those that there are")));
            }
        }
        if self.json {
            output::lines(letters.iter().map(json_line))?;
        } else if self.id.is_some() {
            output::lines(letters.iter().flat_map(whole))?;
        } else {
            output::lines(list(&letters))?;
        }
        Ok(Exit::Done)
    }

    async fn read(&self, target: &Target) -> anyhow::Result<Vec<Letter>> {
        let clients = target.clients(None);
        let url = if self.queue.contains("://") { Some(self.queue.clone()) } else { find_queue(&clients, &self.queue).await? };
        let url = url.ok_or_else(|| {
            BadInput::error(format!("there is no queue {}; `tablefeed invoke` creates {QUEUE}, --queue names another", self.queue))
        })?;
        queue::letters(&clients.sqs, &url, if target.is_cloud() { WAIT_IN_CLOUD } else { 0 }).await
    }
}

/// The letter's own members behind the count; a message that is no letter is told whole.
fn json_line(letter: &Letter) -> String {
    let count = letter.count.to_string();
    let mut members = vec![("count".into(), Json::Number(&count))];
    match letter.json() {
        Json::Object(of_letter) => members.extend(of_letter),
        _ => members.extend([("id", &letter.id), ("body", &letter.body)].map(|(name, text)| (name.into(), Json::String(text.into())))),
    }
    Json::Object(members).to_string()
}

fn list(letters: &[Letter]) -> Vec<String> {
    let head = ["id", "reason", "count", "sequence", "sub", "error"].map(str::to_owned).to_vec();
    let rows = letters.iter().map(|letter| {
        let body = letter.json();
        let part = |name| text(&body, name).unwrap_or_default().to_owned();
        let reason = text(&body, "reason").unwrap_or("(no letter)").to_owned();
        let sub_sequence = body.get("sub_sequence").map(Json::to_string).unwrap_or_default();
        vec![letter.id.clone(), reason, letter.count.to_string(), tail(&part("sequence")), sub_sequence, part("error")]
    });
    let mut lines = if letters.is_empty() { Vec::new() } else { text_table::lines(&std::iter::once(head).chain(rows).collect::<Vec<_>>()) };
    let messages: usize = letters.iter().map(|letter| letter.count).sum();
    let nouns = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    lines.push(format!("{} in {}", nouns(letters.len(), "letter"), nouns(messages, "message")));
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

fn whole(letter: &Letter) -> Vec<String> {
    let body = letter.json();
    let shown = if body == Json::Null { letter.body.clone() } else { pretty::text(&body) };
    vec![shown, String::new(), decoded(&body)]
}

/// The data as they stood in the stream, as far as they can be shown.
fn decoded(body: &Json<'_>) -> String {
    let Some(data) = text(body, "data") else {
        return "the letter carries no data; its sequence number says where they are in the stream".to_owned();
    };
    match text(body, "data_encoding") {
        Some("base64") => match STANDARD.decode(data).map(String::from_utf8) {
            Ok(Ok(text)) => format!("data:\n{text}"),
            Ok(Err(binary)) => format!("data: {} bytes that are no text; the letter has them as base64", binary.as_bytes().len()),
            Err(error) => format!("data: not base64 ({error})"),
        },
        _ => "data: compressed; decode base64, then zstd, such as by `base64 -d | zstd -d`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_decoded_as_far_as_they_are_text() {
        let decoded = |body: &str| decoded(&tablefeed::json::parse(body).unwrap());
        assert_eq!(decoded(r#"{"data":"e30=","data_encoding":"base64"}"#), "data:\n{}");
        assert!(decoded(r#"{"data":"/w==","data_encoding":"base64"}"#).contains("1 bytes that are no text"));
        assert!(decoded(r#"{"data":"/w==","data_encoding":"zstd+base64"}"#).contains("zstd -d"));
        assert!(decoded(r#"{"data":null}"#).contains("no data"));
    }

    #[test]
    fn a_sequence_number_is_told_by_its_end() {
        assert_eq!(tail("49590338271490256608559692538361571095921575989136588898"), "…989136588898");
        assert_eq!(tail("123"), "123");
    }
}
