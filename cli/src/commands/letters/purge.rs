//! `tablefeed letters purge`: letters deleted for good.

use clap::Args;

use super::{Place, now};
use crate::exit::{BadInput, Exit};
use crate::letters::filter::Filter;
use crate::letters::inbox::{Bounds, Inbox};
use crate::letters::look::Look;
use crate::letters::queue::Queue;
use crate::output;
use crate::summary::counted;
use crate::target::Target;

const EXAMPLES: &str = "Examples:
  tablefeed letters purge --reason bad_json --older-than 3d
  tablefeed letters purge --reason bad_json --older-than 3d --yes

Exit code 3: another reader hides messages, or the queue did not delete some.";

/// How long messages are hidden before they are deleted, at most.
const HIDE_SECONDS: u16 = 60;
const CHUNK: Bounds = Bounds { messages: 500, bytes: 64 << 20 };

/// Delete letters for good
///
/// Without --yes it only says how many it would delete. `letters export` first keeps a copy.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Purge {
    /// Delete them
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    place: Place,
}

impl Purge {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let target = Target::open(&self.place.target).await?;
        let done = if self.yes { self.purge(&target).await } else { self.count(&target).await };
        target.close().await;
        done
    }

    async fn count(&self, target: &Target) -> anyhow::Result<Exit> {
        let queue = Queue::open(target, &self.place.queue).await?;
        let (now, mut count) = (now(), 0);
        let each = |message| {
            count += u64::from(self.filter.selects(&message, now));
            Ok(())
        };
        if let Some(note) = self.look.at(&queue, each).await?.note() {
            output::note(&note);
        }
        Err(BadInput::error(format!("{} would be deleted for good; add --yes to delete them", counted(count, "message"))))
    }

    async fn purge(&self, target: &Target) -> anyhow::Result<Exit> {
        let mut inbox = Inbox::new(Queue::open(target, &self.place.queue).await?, HIDE_SECONDS);
        let deleted = self.delete(&mut inbox).await;
        // Also when a call failed.
        let shown = inbox.show_again().await;
        let deleted = deleted?;
        shown?;
        output::line(&format!("{} deleted", counted(deleted, "message")))?;
        let hidden = inbox.hidden_by_others().await?;
        if hidden > 0 {
            output::note(&format!("{} hidden by another reader; run again later", counted(hidden, "message")));
        }
        if inbox.refused > 0 {
            output::note(&format!("{} could not be deleted; run again", counted(inbox.refused, "message")));
        }
        Ok(if hidden == 0 && inbox.refused == 0 { Exit::Done } else { Exit::Unfinished })
    }

    async fn delete(&self, inbox: &mut Inbox) -> anyhow::Result<u64> {
        let (now, mut deleted) = (now(), 0);
        loop {
            let messages = inbox.take(CHUNK, |message| self.filter.selects(message, now)).await?;
            if messages.is_empty() {
                return Ok(deleted);
            }
            let ids: Vec<String> = messages.into_iter().map(|message| message.id).collect();
            deleted += inbox.delete(&ids).await?;
        }
    }
}
