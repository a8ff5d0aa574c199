//! `tablefeed letters show`: one letter whole, and its data as they stood in the stream.

use clap::Args;
use tablefeed::json::Json;
use tablefeed::write::stored::StoredLetter;

use super::Place;
use super::list::{json_line, read};
use crate::exit::{BadInput, Exit};
use crate::letters::filter::Filter;
use crate::letters::letter::Letter;
use crate::letters::look::Look;
use crate::letters::work::why;
use crate::output;
use crate::pretty;

const EXAMPLES: &str = "Examples:
  tablefeed letters show 1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11
  tablefeed letters show 1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11 --json";

/// Show a letter whole, and its data decoded
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// The letter's id, as `letters list` tells it
    pub id: String,
    /// Print the letter as one line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: Look,
    #[command(flatten)]
    pub place: Place,
}

impl Show {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let (letters, looked) = read(&self.place, &Filter::default(), self.look).await?;
        let Some(letter) = letters.into_iter().find(|letter| letter.id == self.id) else {
            let unseen = looked.note().map(|note| format!(" ({note})")).unwrap_or_default();
            return Err(BadInput::error(format!("there is no letter {}; `tablefeed letters` lists those that there are{unseen}", self.id)));
        };
        if self.json {
            output::line(&json_line(&letter))?;
        } else {
            output::lines(whole(&letter))?;
        }
        Ok(Exit::Done)
    }
}

fn whole(letter: &Letter) -> Vec<String> {
    let body = letter.json();
    let shown = if body == Json::Null { letter.body.clone() } else { pretty::text(&body) };
    vec![shown, String::new(), decoded(&letter.body)]
}

/// The data as they stood in the stream, as far as they can be shown.
fn decoded(body: &str) -> String {
    match StoredLetter::parse(body).map(|letter| letter.data.map(String::from_utf8)) {
        Ok(Some(Ok(text))) => format!("data:\n{text}"),
        Ok(Some(Err(binary))) => format!("data: {} bytes that are no text; the letter has them as base64", binary.as_bytes().len()),
        Ok(None) => {
            "the letter carries no data; its sequence number says where they are in the stream, and `letters redrive` reads them there"
                .to_owned()
        }
        Err(error) => why(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(members: &str) -> String {
        decoded(&format!(
            r#"{{"version":1,"id":"1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11","reason":"bad_json","error":"e","source":"s","shard":"sh","sequence":"1",
            "sub_sequence":0,"partition_key":"p","arrival":1.5,"batch_id":null,"request_id":"r","function":"f","content":"document",{members}}}"#
        ))
    }

    #[test]
    fn data_are_decoded_as_far_as_they_are_text() {
        assert_eq!(shown(r#""data_encoding":"base64","data":"e30=""#), "data:\n{}");
        assert_eq!(shown(r#""data_encoding":"zstd+base64","data":"KLUv/QBYEQAAe30=""#), "data:\n{}");
        assert!(shown(r#""data_encoding":"base64","data":"/w==""#).contains("1 bytes that are no text"));
        assert!(shown(r#""data_encoding":null,"data":null,"data_omitted":"size""#).contains("no data"));
    }
}
