//! `tablefeed map`: what each document of a file becomes, without writing.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use tablefeed::decode::event;
use tablefeed::persist::preview::{Becomes, Preview, preview};

use crate::exit::{BadInput, Exit};
use crate::feed::source;
use crate::output;
use crate::settings::Given;
use crate::text_table;

/// A write is charged by the KB ("Capacity unit consumption for write operations" of DynamoDB).
const WRITE_UNIT: usize = 1024;

const EXAMPLES: &str = "Examples:
  tablefeed map events/mixed.json
  tablefeed map data.ndjson --mapping mapping.json
  tablefeed map data.ndjson --mapping document --json | head";

/// Show what each document of a file becomes, without writing: an item, filtered, or a rejection and its reason
///
/// The file is an event as Lambda delivers it, or JSON lines. Nothing is called and nothing has to exist; a mapping that names the batch
/// finds the batch id of --batch-id. Write units are those of a standard write of an item that is not in the table yet.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Map {
    /// An event, or JSON lines
    file: PathBuf,
    /// A built-in mapping, a mapping as JSON, or a file with one; the same as --set MAPPING=M
    #[arg(long, value_name = "M")]
    mapping: Option<String>,
    /// Stands in the place of the latest batch id
    #[arg(long, value_name = "ID", default_value = "batch-1")]
    batch_id: String,
    /// A setting of the function; may be given many times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Print each document as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Map {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mapping = self.mapping.iter().map(|mapping| format!("MAPPING={mapping}"));
        let settings = Given::new(&self.set.iter().cloned().chain(mapping).collect::<Vec<_>>(), false)?.checked()?;
        let text = std::fs::read(&self.file);
        let text = text.map_err(|error| BadInput::error(format!("cannot read {}: {error}", self.file.display())))?;
        let event = if is_event(&text) { text } else { self.event_of_lines(&text)? };
        let previews = preview(&event, &settings, &self.batch_id).await?;
        if self.json {
            output::lines(previews.iter().map(|preview| json_line(preview).to_string()))?;
        } else {
            output::lines(shown(&previews))?;
        }
        Ok(Exit::Done)
    }

    /// The lines as the records that `tablefeed run` makes of them.
    fn event_of_lines(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let arn = source::arn(&source::name(None, &self.file)?);
        let mut offset = 0;
        let mut records = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let sequence = source::sequence(offset).context("a file too long to be numbered")?;
            if !line.trim_ascii().is_empty() {
                records.push(json!({
                    "kinesis": {"partitionKey": source::partition_key(None, offset, line), "sequenceNumber": sequence.as_str(),
                                "data": STANDARD.encode(line), "approximateArrivalTimestamp": 0},
                    "eventSource": "aws:kinesis", "eventID": format!("{}:{}", source::SHARD, sequence.as_str()), "eventSourceARN": arn,
                }));
            }
            offset += line.len() as u64 + 1;
        }
        Ok(json!({"Records": records}).to_string().into_bytes())
    }
}

fn is_event(text: &[u8]) -> bool {
    event::records(text, &OnceCell::new()).is_ok()
}

fn write_units(size: usize) -> usize {
    size.div_ceil(WRITE_UNIT).max(1)
}

fn json_line(preview: &Preview) -> Value {
    let mut line = json!({"record": preview.record, "sub_sequence": preview.sub_sequence});
    match &preview.becomes {
        Becomes::Item(item) => {
            line["becomes"] = if item.deletes { "deletion" } else { "item" }.into();
            line["item"] = serde_json::from_str(&item.json).unwrap_or_default();
            line["bytes"] = item.size.into();
            line["write_units"] = write_units(item.size).into();
        }
        Becomes::Filtered => line["becomes"] = "filtered".into(),
        Becomes::Rejected(rejection) => {
            line["becomes"] = "rejected".into();
            line["reason"] = rejection.reason.code().into();
            line["error"] = rejection.message.as_str().into();
        }
        Becomes::Later => line["becomes"] = "later".into(),
    }
    line
}

fn shown(previews: &[Preview]) -> Vec<String> {
    let head = ["record", "sub", "becomes", "bytes", "write units", "item, or why there is none"].map(str::to_owned).to_vec();
    let (mut units, mut counts) =
        (0, [("made an item or a deletion", 0), ("filtered", 0), ("rejected", 0), ("left for a later invocation", 0)]);
    let rows: Vec<Vec<String>> = previews
        .iter()
        .map(|preview| {
            let (place, becomes, size, why) = match &preview.becomes {
                Becomes::Item(item) => (0, if item.deletes { "deletion" } else { "item" }, Some(item.size), item.json.clone()),
                Becomes::Filtered => (1, "filtered", None, "no mapping wants it".to_owned()),
                Becomes::Rejected(rejection) => (2, "rejected", None, format!("{}: {}", rejection.reason, rejection.message)),
                Becomes::Later => (3, "later", None, "past what one invocation takes".to_owned()),
            };
            counts[place].1 += 1;
            units += size.map_or(0, write_units);
            let size_of = |size: Option<usize>| size.map(|size| size.to_string()).unwrap_or_default();
            vec![
                preview.record.to_string(),
                preview.sub_sequence.to_string(),
                becomes.to_owned(),
                size_of(size),
                size_of(size.map(write_units)),
                why,
            ]
        })
        .collect();
    let mut lines = if rows.is_empty() { Vec::new() } else { text_table::lines(&std::iter::once(head).chain(rows).collect::<Vec<_>>()) };
    let counted = counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}"));
    lines.push(format!("documents {}: {}; write units {units}", previews.len(), counted.collect::<Vec<_>>().join(", ")));
    lines
}
