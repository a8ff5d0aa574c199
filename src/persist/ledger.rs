//! The account of one event: every document and what became of it so far. Pure.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::decode::event::Kind;
use crate::reason::{Reason, Rejection};
use crate::write::letter::{Content, Past};
use crate::write::outcome::{Counts, Outcome};
use crate::write::progress::{Fate, Written};

/// One document, or a record or user record that could not be split into documents.
#[derive(Debug)]
pub struct Entry<'p> {
    /// Position of its record in the event.
    pub record: usize,
    pub sub_sequence: u32,
    /// The user record's, if the record is an aggregate; `None` if there is none, or none that is text.
    pub partition_key: Option<&'p str>,
    /// What a letter carries.
    pub data: Cow<'p, [u8]>,
    pub content: Content,
    /// What it was before, if it was a letter already.
    pub past: Past,
    pub state: State,
}

/// What became of a document so far.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet; if nothing comes, the document is delivered again.
    Unfinished,
    /// The table holds something different under its key, which is not to be replaced.
    Conflict,
    /// To be sent to the queue.
    Letter(Rejection),
    Ended(Outcome),
}

/// All documents of an event, in stream order.
#[derive(Debug, Default)]
pub struct Ledger<'p> {
    pub entries: Vec<Entry<'p>>,
}

impl Ledger<'_> {
    /// The position of the first record that has an unfinished document.
    pub fn first_unfinished(&self) -> Option<usize> {
        self.entries.iter().find(|entry| matches!(entry.state, State::Unfinished | State::Conflict)).map(|entry| entry.record)
    }

    /// Places of the entries whose letters may be sent, and why: those before the first unfinished record of a Kinesis event; of a Kafka
    /// event, which is delivered again as a whole, those of an event without an unfinished record. All others would be sent again when
    /// their records are delivered again.
    pub fn letters(&self, kind: Kind) -> Vec<(usize, Rejection)> {
        let before = match (self.first_unfinished(), kind) {
            (None, _) => usize::MAX,
            (Some(first), Kind::Kinesis) => first,
            (Some(_), Kind::Kafka) => 0,
        };
        self.letters_where(|entry| entry.record < before)
    }

    /// Places of the letters of records that are otherwise done, and why they are letters.
    pub fn letters_of_done_records(&self) -> Vec<(usize, Rejection)> {
        let unfinished: HashSet<usize> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, State::Unfinished | State::Conflict))
            .map(|entry| entry.record)
            .collect();
        self.letters_where(|entry| !unfinished.contains(&entry.record))
    }

    fn letters_where(&self, may_be_sent: impl Fn(&Entry<'_>) -> bool) -> Vec<(usize, Rejection)> {
        let entries = self.entries.iter().enumerate().filter(|(_, entry)| may_be_sent(entry));
        entries
            .filter_map(|(place, entry)| match &entry.state {
                State::Letter(rejection) => Some((place, rejection.clone())),
                _ => None,
            })
            .collect()
    }

    /// Enters what became of all items, which it takes out of `written`; `places` are their documents'. Where no item is at fault none
    /// becomes a letter.
    pub fn enter_all(&mut self, places: &[usize], written: &mut Written, write_failures_to_dlq: bool) {
        let to_dlq = write_failures_to_dlq && written.systemic.is_none();
        for (&place, fate) in places.iter().zip(std::mem::take(&mut written.fates)) {
            self.enter(place, fate, to_dlq);
        }
    }

    /// Enters what became of an item. `write_failures_to_dlq` makes a letter of what could not be written in time.
    pub fn enter(&mut self, place: usize, fate: Fate, write_failures_to_dlq: bool) {
        self.entries[place].state = match fate {
            Fate::Persisted => State::Ended(Outcome::Persisted),
            Fate::Superseded => State::Ended(Outcome::Superseded),
            Fate::Conflict => State::Conflict,
            Fate::Refused(error) => State::Letter(Rejection::new(Reason::RefusedByTable, error)),
            Fate::Unfinished if write_failures_to_dlq => {
                State::Letter(Rejection::new(Reason::WriteFailed, "the table did not take the item in time"))
            }
            Fate::Unfinished => State::Unfinished,
        };
    }

    /// Ends all that has not ended: what a dry run would have written or sent.
    pub fn end_all(&mut self, outcome: Outcome) {
        for entry in self.entries.iter_mut().filter(|entry| !matches!(entry.state, State::Ended(_))) {
            entry.state = State::Ended(outcome);
        }
    }

    /// Ends what a dry run would have written.
    pub fn end_unfinished(&mut self, outcome: Outcome) {
        for entry in self.entries.iter_mut().filter(|entry| entry.state == State::Unfinished) {
            entry.state = State::Ended(outcome);
        }
    }

    /// How many documents came to each outcome. A letter that was not accepted is as good as none.
    pub fn counts(&self) -> Counts {
        let outcome = |entry: &Entry<'_>| match entry.state {
            State::Ended(outcome) => outcome,
            State::Unfinished | State::Conflict | State::Letter(_) => Outcome::Retry,
        };
        self.entries.iter().map(outcome).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(states: Vec<(usize, State)>) -> Ledger<'static> {
        let entry = |(record, state)| Entry {
            record,
            sub_sequence: 0,
            partition_key: None,
            data: Cow::Borrowed(b""),
            content: Content::Document,
            past: Past::default(),
            state,
        };
        Ledger { entries: states.into_iter().map(entry).collect() }
    }

    fn letter() -> State {
        State::Letter(Rejection::new(Reason::BadJson, ""))
    }

    fn places(ledger: &Ledger<'_>) -> Vec<usize> {
        ledger.letters(Kind::Kinesis).into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn letters_at_or_past_the_first_unfinished_record_are_not_sent() {
        let ledger = ledger(vec![(0, letter()), (1, letter()), (1, State::Unfinished), (2, letter())]);
        assert_eq!(ledger.first_unfinished(), Some(1));
        assert_eq!(places(&ledger), [0]);
    }

    #[test]
    fn a_kafka_event_that_is_delivered_again_sends_no_letters() {
        let mut ledger = ledger(vec![(0, letter()), (1, State::Unfinished)]);
        assert!(ledger.letters(Kind::Kafka).is_empty());
        ledger.entries[1].state = State::Ended(Outcome::Persisted);
        assert_eq!(ledger.letters(Kind::Kafka).len(), 1);
    }

    #[test]
    fn without_an_unfinished_record_every_letter_is_sent() {
        let ledger = ledger(vec![(0, letter()), (1, State::Ended(Outcome::Persisted)), (2, letter())]);
        assert_eq!(places(&ledger), [0, 2]);
    }

    #[test]
    fn what_could_not_be_written_is_a_letter_only_if_asked_for() {
        let mut ledger = ledger(vec![(0, State::Unfinished)]);
        ledger.enter(0, Fate::Unfinished, false);
        assert_eq!(ledger.entries[0].state, State::Unfinished);
        ledger.enter(0, Fate::Unfinished, true);
        assert!(matches!(&ledger.entries[0].state, State::Letter(rejection) if rejection.reason == Reason::WriteFailed));
    }

    #[test]
    fn outcomes_add_up_to_the_documents() {
        let ledger = ledger(vec![(0, letter()), (1, State::Ended(Outcome::Persisted)), (1, State::Unfinished)]);
        assert_eq!(ledger.counts().documents(), 3);
        assert_eq!(ledger.counts().of(Outcome::Retry), 2);
    }
}
