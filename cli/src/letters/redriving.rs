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
use super::on_failure::{OnFailure, Range, Records, letters_of_event};
use super::run::{MOST_BYTES, MOST_LETTERS};
use super::stream::{Streams, by_value};
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

    fn verdict(&mut self, reason: &str, fate: Redriven) -> Verdict {
        let verdict = match fate {
            Redriven::Done(_) | Redriven::Replaced(_) => Verdict::Delete,
            Redriven::Conflict if self.discard => Verdict::Delete,
            Redriven::Conflict | Redriven::Kept(_) => Verdict::Keep,
        };
        self.account.enter(reason, fate, self.discard);
        verdict
    }

    /// One call of the function, or none for no letters.
    async fn call(&mut self, letters: Vec<StoredLetter>) -> Vec<(StoredLetter, Redriven)> {
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

    /// All records that a message of Lambda stands for.
    async fn given_up(&mut self, records: &OnFailure) -> Verdict {
        let reason = &records.condition;
        match &records.records {
            Records::Event(event) => match letters_of_event(event) {
                Ok((letters, incomplete)) => {
                    let kept = || Redriven::Kept("a record of the event has no data or no sequence number".to_owned());
                    let all = (0..incomplete).fold(Verdict::Delete, |all, _| all.and(self.verdict(reason, kept())));
                    all.and(self.in_pages(reason, letters).await)
                }
                Err(why) => self.verdict(reason, Redriven::Kept(why)),
            },
            Records::Range(range) => self.range(reason, range).await,
        }
    }

    /// To be deleted only if each may be.
    async fn in_pages(&mut self, reason: &str, letters: Vec<StoredLetter>) -> Verdict {
        let mut all = Verdict::Delete;
        let mut page = Vec::new();
        let mut bytes = 0;
        for letter in letters {
            let size = letter.data.as_ref().map_or(0, Vec::len);
            if !page.is_empty() && (page.len() == MOST_LETTERS || bytes + size > MOST_BYTES) {
                all = all.and(self.page(reason, std::mem::take(&mut page)).await);
                bytes = 0;
            }
            bytes += size;
            page.push(letter);
        }
        all.and(self.page(reason, page).await)
    }

    async fn page(&mut self, reason: &str, page: Vec<StoredLetter>) -> Verdict {
        let fates = self.call(page).await;
        fates.into_iter().fold(Verdict::Delete, |all, (_, fate)| all.and(self.verdict(reason, fate)))
    }

    /// Reads a range of a shard and redrives it page by page. What the stream does not hold any more is lost, and said.
    async fn range(&mut self, reason: &str, range: &Range) -> Verdict {
        let mut reader = match self.streams.reader(&range.stream, &range.shard, &range.start).await {
            Ok(reader) => reader,
            Err(why) => return self.verdict(reason, Redriven::Kept(why)),
        };
        let mut all = Verdict::Delete;
        let mut first = true;
        loop {
            let page = match reader.page(i32::try_from(MOST_LETTERS).unwrap_or(1)).await {
                Ok(page) => page.unwrap_or_default(),
                Err(why) => return all.and(self.verdict(reason, Redriven::Kept(why))),
            };
            let starts = page.first().map(|record| record.sequence_number().to_owned());
            if first && starts.as_deref().map(by_value) != Some(by_value(&range.start)) {
                let end = starts.filter(|start| by_value(start) <= by_value(&range.end));
                all = all.and(self.lost(range, end));
            }
            first = false;
            let count = page.len();
            let wanted: Vec<_> = page.into_iter().filter(|record| by_value(record.sequence_number()) <= by_value(&range.end)).collect();
            let (is_last, ended) =
                (wanted.len() < count || count == 0, wanted.last().map(|last| by_value(last.sequence_number()) == by_value(&range.end)));
            let letters = wanted.into_iter().map(|record| range.letter(record)).collect();
            all = all.and(self.in_pages(reason, letters).await);
            if is_last || ended == Some(true) {
                return all;
            }
        }
    }

    fn lost(&mut self, range: &Range, before: Option<String>) -> Verdict {
        self.account.lost(range, before, self.discard);
        if self.discard { Verdict::Delete } else { Verdict::Keep }
    }
}

impl Verdict {
    /// Both must allow it.
    fn and(self, other: Verdict) -> Verdict {
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
