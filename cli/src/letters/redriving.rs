//! Bodies of messages redriven by the function: which of the messages may be deleted.
//!
//! ```text
//! bodies ─► work ─┬─► letters, each id once ─► data read back ─┐
//!                 └─► records that Lambda gave up, page by page ┴─► Function::redrive ─► account, verdicts
//! ```
//! A message may be deleted only when everything that it asks for is done, or in the queue again. No letter is redriven twice in one run.

use std::collections::HashMap;
use std::time::Duration;

use tablefeed::persist::Function;
use tablefeed::persist::redrive::{Redrive, Redriven};
use tablefeed::reason::Reason;
use tablefeed::write::letter::Content;
use tablefeed::write::stored::StoredLetter;
use tokio::time::Instant;
use uuid::Uuid;

use super::account::Account;
use super::run::MOST_BYTES;
use super::stream::Streams;
use super::work::Work;
use crate::function::invocation;

/// Reasons of letters that may hold several documents once a limit is raised. Of a user record none but the first would be told from
/// those that stood behind it.
const UNSPLIT: [Reason; 2] = [Reason::DecompressedTooLarge, Reason::TooManyDocuments];

pub struct Redriving<'a> {
    pub function: &'a Function,
    pub streams: Streams,
    pub how: Redrive,
    /// Whether what can never be stored may go: conflicts, and records that the stream does not hold any more.
    pub discard: bool,
    pub timeout: Duration,
    /// What the ids of this run's requests begin with, and of no other's.
    requests: String,
    pub account: Account,
    /// What is to be done with further messages of a letter.
    settled: HashMap<Uuid, Verdict>,
    calls: u32,
}

/// What is to be done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Delete,
    Keep,
}

/// A letter, and the places of the messages that carry it.
struct Due {
    letter: StoredLetter,
    places: Vec<usize>,
}

impl<'a> Redriving<'a> {
    pub fn new(function: &'a Function, streams: Streams, how: Redrive, discard: bool, timeout: Duration, requests: String) -> Self {
        let account = Account::new(how.dry_run);
        Redriving { function, streams, how, discard, timeout, requests, account, settled: HashMap::new(), calls: 0 }
    }

    /// The ids of requests that are this run's begin with this.
    pub fn requests(&self) -> &str {
        &self.requests
    }

    /// Redrives what each body asks for; a verdict for each.
    pub async fn bodies(&mut self, bodies: &[&str]) -> Vec<Verdict> {
        self.account.messages += bodies.len() as u64;
        let mut verdicts = vec![Verdict::Keep; bodies.len()];
        let (mut due, mut given_up) = (Vec::new(), Vec::new());
        for (place, body) in bodies.iter().enumerate() {
            match Work::of(body) {
                Work::Letter(letter) => match letter.id.and_then(|id| self.settled.get(&id)) {
                    Some(settled) => verdicts[place] = *settled,
                    None => join(&mut due, *letter, place),
                },
                Work::OnFailure(records) => given_up.push((place, records)),
                Work::NotALetter(why) => self.account.not_a_letter(why),
            }
        }
        self.letters(due, &mut verdicts).await;
        for (place, records) in given_up {
            verdicts[place] = self.given_up(&records).await;
        }
        if self.how.dry_run { vec![Verdict::Keep; bodies.len()] } else { verdicts }
    }

    /// Redrives letters, with their data read back where they have none, in as many calls as their data need.
    async fn letters(&mut self, due: Vec<Due>, verdicts: &mut [Verdict]) {
        let (mut page, mut bytes) = (Vec::new(), 0);
        for mut one in due {
            if one.letter.data.is_none()
                && let Err(why) = self.read_back(&mut one.letter).await
            {
                self.settle(&one, Redriven::Kept(why), verdicts);
                continue;
            }
            let size = one.letter.data.as_ref().map_or(0, Vec::len);
            if !page.is_empty() && bytes + size > MOST_BYTES {
                self.letters_at_once(std::mem::take(&mut page), verdicts).await;
                bytes = 0;
            }
            bytes += size;
            page.push(one);
        }
        self.letters_at_once(page, verdicts).await;
    }

    async fn letters_at_once(&mut self, due: Vec<Due>, verdicts: &mut [Verdict]) {
        let (letters, places): (Vec<StoredLetter>, Vec<Vec<usize>>) = due.into_iter().map(|due| (due.letter, due.places)).unzip();
        for ((letter, fate), places) in self.call(letters).await.into_iter().zip(places) {
            self.settle(&Due { letter, places }, fate, verdicts);
        }
    }

    /// Enters what became of a letter, for all messages that carry it.
    fn settle(&mut self, due: &Due, fate: Redriven, verdicts: &mut [Verdict]) {
        let verdict = self.verdict(&due.letter.reason, fate);
        for &place in &due.places {
            verdicts[place] = verdict;
        }
        if let Some(id) = due.letter.id {
            self.settled.insert(id, verdict);
        }
    }

    pub(super) fn verdict(&mut self, reason: &str, fate: Redriven) -> Verdict {
        let verdict = match fate {
            Redriven::Done(_) | Redriven::Replaced(_) => Verdict::Delete,
            Redriven::Conflict if self.discard => Verdict::Delete,
            Redriven::Conflict | Redriven::Kept(_) => Verdict::Keep,
        };
        self.account.enter(reason, fate, self.discard);
        verdict
    }

    /// One call of the function, or none for no letters.
    pub(super) async fn call(&mut self, letters: Vec<StoredLetter>) -> Vec<(StoredLetter, Redriven)> {
        if letters.is_empty() {
            return Vec::new();
        }
        self.calls += 1;
        let invocation = invocation(format!("{}{}", self.requests, self.calls), Instant::now() + self.timeout);
        let report = self.function.redrive(&letters, self.how, &invocation).await;
        self.account.systemic_failure = self.account.systemic_failure.take().or(report.systemic);
        self.account.queue_refusal = self.account.queue_refusal.take().or(report.queue_refusal);
        let unknown = std::iter::repeat_with(|| Redriven::Kept("its fate was not told".to_owned()));
        letters.into_iter().zip(report.fates.into_iter().chain(unknown)).collect()
    }

    /// Puts the record into a letter that has no data. A letter of a whole record stands for all its documents.
    async fn read_back(&self, letter: &mut StoredLetter) -> Result<(), String> {
        if letter.content == Content::UserRecord && UNSPLIT.iter().any(|reason| reason.code() == letter.reason) {
            return Err(
                "it is a user record that was not split, and the letter carries no data; it stays where it is in the stream".to_owned()
            );
        }
        let record = self.streams.record(&letter.source, &letter.shard, &letter.sequence).await?;
        let is_part = matches!(letter.content, Content::Document | Content::UserRecord);
        letter.only = is_part.then_some(letter.sub_sequence);
        letter.content = Content::Record;
        letter.partition_key = record.partition_key;
        letter.data = Some(record.data.into_inner());
        Ok(())
    }
}

impl Verdict {
    /// Both must allow it.
    pub(super) fn and(self, other: Verdict) -> Verdict {
        if self == Verdict::Delete { other } else { self }
    }
}

/// Adds a letter, or its place to the one with its id. The highest count stands for all, and data wherever they are.
fn join(due: &mut Vec<Due>, letter: StoredLetter, place: usize) {
    let same = letter.id.and_then(|id| due.iter_mut().find(|due| due.letter.id == Some(id)));
    let Some(same) = same else {
        due.push(Due { letter, places: vec![place] });
        return;
    };
    same.places.push(place);
    let redrives = same.letter.redrives.max(letter.redrives);
    if same.letter.data.is_none() && letter.data.is_some() {
        same.letter = letter;
    }
    same.letter.redrives = redrives;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(redrives: u32, data: Option<&[u8]>) -> StoredLetter {
        StoredLetter {
            id: Some(Uuid::nil()),
            reason: "bad_json".to_owned(),
            error: String::new(),
            source: String::new(),
            shard: String::new(),
            sequence: String::new(),
            sub_sequence: 0,
            partition_key: None,
            arrival: None,
            batch_id: None,
            headers: Vec::new(),
            content: Content::Document,
            data: data.map(<[u8]>::to_vec),
            only: None,
            redrives,
        }
    }

    #[test]
    fn messages_of_one_id_are_redriven_once_with_data_and_the_highest_count() {
        let mut due = Vec::new();
        join(&mut due, letter(2, None), 0);
        join(&mut due, letter(1, Some(b"{}")), 1);
        join(&mut due, StoredLetter { id: None, ..letter(0, None) }, 2);
        join(&mut due, StoredLetter { id: None, ..letter(0, None) }, 3);
        assert_eq!(due.len(), 3);
        assert_eq!((due[0].letter.redrives, due[0].letter.data.as_deref(), &due[0].places[..]), (2, Some(&b"{}"[..]), &[0, 1][..]));
    }

    #[test]
    fn a_message_goes_only_if_each_of_its_records_may() {
        let and = |all: &[Verdict]| all.iter().fold(Verdict::Delete, |all, one| all.and(*one));
        assert_eq!(and(&[]), Verdict::Delete);
        assert_eq!(and(&[Verdict::Delete, Verdict::Keep, Verdict::Delete]), Verdict::Keep);
    }
}
