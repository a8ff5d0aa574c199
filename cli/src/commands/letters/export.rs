//! `tablefeed letters export`: letters into a file, a line each.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use tablefeed::json::{Json, parse};

use super::{Place, now};
use crate::exit::Exit;
use crate::letters::export::Export as File;
use crate::letters::filter::Filter;
use crate::letters::letter::text;
use crate::letters::look::{Look, Looked};
use crate::letters::message::Message;
use crate::letters::queue::Queue;
use crate::output;
use crate::summary::counted;
use crate::target::Target;

const EXAMPLES: &str = "Examples:
  tablefeed letters export letters.ndjson
  tablefeed letters export - --reason bad_json | wc -l

Exit code 3: the queue has messages that are not in the file.";

/// Write letters into a file, each whole on a line
///
/// The queue keeps them. Repeats of a letter are one line. The file is there when all is in it,
/// or stays as it was. `letters redrive --from FILE` reads it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// The file; - is standard output
    file: PathBuf,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    place: Place,
}

/// Where lines go.
enum Sink {
    File(File),
    Output,
}

/// What was written, and what was not.
#[derive(Default)]
struct Written {
    ids: HashSet<(String, String)>,
    not_json: u64,
}

impl Export {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mut sink = if self.file == Path::new("-") { Sink::Output } else { Sink::File(File::create(&self.file)?) };
        let mut written = Written::default();
        let target = Target::open(&self.place.target).await?;
        let looked = self.write(&target, &mut sink, &mut written).await;
        target.close().await;
        let looked = looked?;
        if let Sink::File(file) = sink {
            file.finish()?;
        }
        output::note(&format!("{}: {}", self.file.display(), counted(written.ids.len() as u64, "letter")));
        if written.not_json > 0 {
            output::note(&format!("left out: {} that no line of JSON can hold", counted(written.not_json, "message")));
        }
        if let Some(note) = looked.note() {
            output::note(&note);
        }
        Ok(if looked.unseen() == 0 && written.not_json == 0 { Exit::Done } else { Exit::Unfinished })
    }

    async fn write(&self, target: &Target, sink: &mut Sink, written: &mut Written) -> anyhow::Result<Looked> {
        let queue = Queue::open(target, &self.place.queue).await?;
        let now = now();
        let each = |message: Message| if self.filter.selects(&message, now) { written.line(&message, sink) } else { Ok(()) };
        self.look.at(&queue, each).await
    }
}

impl Written {
    fn line(&mut self, message: &Message, sink: &mut Sink) -> anyhow::Result<()> {
        let Ok(body) = parse(&message.body) else {
            self.not_json += 1;
            return Ok(());
        };
        let id = text(&body, "id").unwrap_or(&message.id).to_owned();
        let redrives = body.get("redrives").map(Json::to_string).unwrap_or_default();
        if !self.ids.insert((id, redrives)) {
            return Ok(());
        }
        // A letter is one line already; what others sent may not be.
        let line = if message.body.contains('\n') { body.to_string() } else { message.body.clone() };
        match sink {
            Sink::File(file) => file.line(&line),
            Sink::Output => Ok(output::line(&line)?),
        }
    }
}
