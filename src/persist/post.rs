//! Letters: sends those that may be sent, and enters which were accepted.

use aws_sdk_sqs::Client;
use tokio::time::Instant;
use uuid::Uuid;

use super::intake::origin;
use super::ledger::{Entry, Ledger, State};
use crate::decode::record::Record;
use crate::reason::{Reason, Rejection};
use crate::settings::Settings;
use crate::write::letter::{Letter, Sender, Subject};
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
    pub records: &'a [Record<'a>],
    /// The batch id of a record's documents, by its position.
    pub batch: &'a (dyn Fn(usize) -> Option<&'a str> + Sync),
    pub sender: Sender<'a>,
    /// Whether letters may leave out data that are too large: only where the data can be read again from where they came.
    pub may_omit_data: bool,
}

impl Posted {
    /// Nothing was sent: all that was due is unfinished.
    fn refused(due: Vec<(usize, Rejection)>, ledger: &mut Ledger<'_>, why: &str) -> Posted {
        for (place, _) in due {
            ledger.entries[place].state = State::Unfinished;
        }
        Posted { sent: Sent { refusal: Some(why.to_owned()), ..Sent::default() }, ..Posted::default() }
    }
}

impl Post<'_> {
    /// Sends the letters that are due, which are places in the ledger and why they are letters, until `until`.
    pub async fn send(&self, due: Vec<(usize, Rejection)>, ledger: &mut Ledger<'_>, until: Instant) -> Posted {
        if due.is_empty() {
            return Posted::default();
        }
        let letter = |(place, rejection): &(usize, Rejection), with_data| self.letter(&ledger.entries[*place], rejection, with_data);
        let (letters, notes): (Vec<Letter>, Vec<LetterNote>) = due.iter().map(|due| letter(due, true)).unzip();
        if !self.may_omit_data && letters.iter().any(|letter| !letter.has_data) {
            return Posted::refused(due, ledger, "a letter is too large for a queue, and is not sent without its data");
        }
        let queue = LetterQueue { client: self.client, url: &self.settings.dlq_url };
        let without_data = |position: usize| self.may_omit_data.then(|| letter(&due[position], false).0);
        let sent = queue.send(letters, without_data, until).await;
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
        let mut origin = origin(record, entry, (self.batch)(entry.record), self.settings);
        if record.sequence.is_none() {
            stand_in = format!("unknown-{}", Uuid::new_v5(&self.settings.id_namespace, record.raw.to_string().as_bytes()));
            origin.sequence = &stand_in;
        }
        let subject = Subject { origin: &origin, rejection, content: entry.content, past: entry.past };
        let letter = if with_data { Letter::new(&subject, self.sender, &entry.data) } else { Letter::without_data(&subject, self.sender) };
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
