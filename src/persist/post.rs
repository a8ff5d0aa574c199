//! Letters: sends those that may be sent, and enters which were accepted.

use aws_sdk_sqs::Client;
use tokio::time::Instant;
use uuid::Uuid;

use super::intake::origin;
use super::ledger::{Entry, Ledger, State};
use crate::decode::event::Kind;
use crate::decode::record::Record;
use crate::reason::{Reason, Rejection};
use crate::settings::Settings;
use crate::write::letter::{Letter, Sender};
use crate::write::outcome::Outcome;
use crate::write::queue::{LetterQueue, Sent};

/// What a log says of a letter: everything but its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterNote {
    pub id: Uuid,
    pub reason: Reason,
    pub error: String,
    pub sequence: String,
    pub sub_sequence: u32,
}

/// The account of the letters.
#[derive(Debug, Default)]
pub struct Posted {
    /// Of the letters that were accepted.
    pub notes: Vec<LetterNote>,
    pub sent: Sent,
}

/// What all letters of an invocation have in common.
pub struct Post<'a> {
    pub client: &'a Client,
    pub settings: &'a Settings,
    pub kind: Kind,
    pub records: &'a [Record<'a>],
    pub batch: Option<&'a str>,
    pub sender: Sender<'a>,
}

impl Post<'_> {
    /// Sends the letters of all records that are not delivered again, until `until`.
    pub async fn send(&self, ledger: &mut Ledger<'_>, until: Instant) -> Posted {
        let due = ledger.letters(self.kind);
        if due.is_empty() {
            return Posted::default();
        }
        let letter = |(place, rejection): &(usize, Rejection), with_data| self.letter(&ledger.entries[*place], rejection, with_data);
        let (letters, notes): (Vec<Letter>, Vec<LetterNote>) = due.iter().map(|due| letter(due, true)).unzip();
        let queue = LetterQueue { client: self.client, url: &self.settings.dlq_url };
        let sent = queue.send(letters, |position| letter(&due[position], false).0, until).await;
        for ((place, rejection), accepted) in due.iter().zip(&sent.accepted) {
            let outcome = Outcome::of_letter(rejection.reason);
            ledger.entries[*place].state = if *accepted { State::Ended(outcome) } else { State::Unfinished };
        }
        let notes = notes.into_iter().zip(&sent.accepted).filter(|(_, accepted)| **accepted).map(|(note, _)| note).collect();
        Posted { notes, sent }
    }

    fn letter(&self, entry: &Entry<'_>, rejection: &Rejection, with_data: bool) -> (Letter, LetterNote) {
        let record = &self.records[entry.record];
        let stand_in;
        let mut origin = origin(record, entry, self.batch, self.settings);
        if record.sequence.is_none() {
            stand_in = format!("unknown-{}", Uuid::new_v5(&self.settings.id_namespace, record.raw.to_string().as_bytes()));
            origin.sequence = &stand_in;
        }
        let letter = if with_data {
            Letter::new(&origin, self.sender, rejection, entry.content, &entry.data)
        } else {
            Letter::without_data(&origin, self.sender, rejection, entry.content)
        };
        let note = LetterNote {
            id: letter.id,
            reason: rejection.reason,
            error: rejection.message.clone(),
            sequence: origin.sequence.to_owned(),
            sub_sequence: entry.sub_sequence,
        };
        (letter, note)
    }
}
