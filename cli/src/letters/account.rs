//! What a redrive did: counts, what is left, and all of it as JSON or, by `told`, as text.

mod told;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use tablefeed::persist::redrive::Redriven;

use super::on_failure::Range;
use crate::exit::Exit;

/// Different texts that are kept; others are only counted.
const MOST_TEXTS: usize = 20;

/// Counts of one run.
#[derive(Debug, Default)]
pub struct Account {
    pub dry_run: bool,
    /// Selected messages, or entries of files.
    pub messages: u64,
    rows: BTreeMap<String, Row>,
    outcomes: BTreeMap<&'static str, u64>,
    /// Why letters stay.
    kept: BTreeMap<String, u64>,
    /// Why messages are no letters.
    not_letters: BTreeMap<String, u64>,
    lost: Vec<Lost>,
    lost_stay: bool,
    pub deleted: u64,
    pub refused_deletes: u64,
    /// Messages that another reader holds.
    pub hidden: u64,
    /// How long those may stay hidden, in seconds.
    pub hidden_for: u16,
    pub end: End,
    pub systemic_failure: Option<String>,
    pub queue_refusal: Option<String>,
}

/// Why a run ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It came to the end of the queue, or of the files; or to a systemic failure.
    #[default]
    Finished,
    /// `--limit`, with more behind it.
    Limit,
    /// A signal came.
    Stopped,
}

/// What became of the letters of one reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Row {
    done: u64,
    failed_again: u64,
    conflicts: u64,
    discarded: u64,
    kept: u64,
}

/// Records that Lambda gave up and the stream does not hold any more.
#[derive(Debug, Serialize)]
struct Lost {
    #[serde(flatten)]
    range: Range,
    /// The first record that is still there, if one is.
    before: Option<String>,
}

impl Account {
    /// Nothing was redriven yet.
    pub fn new(dry_run: bool) -> Account {
        Account { dry_run, ..Account::default() }
    }

    /// Enters what became of a letter.
    pub fn enter(&mut self, reason: &str, fate: Redriven, discard: bool) {
        let row = self.rows.entry(reason.to_owned()).or_default();
        match fate {
            Redriven::Done(outcome) => {
                row.done += 1;
                *self.outcomes.entry(outcome.name()).or_default() += 1;
            }
            Redriven::Replaced(_) => row.failed_again += 1,
            Redriven::Conflict if discard => row.discarded += 1,
            Redriven::Conflict => row.conflicts += 1,
            Redriven::Kept(why) => {
                row.kept += 1;
                count(&mut self.kept, why);
            }
        }
    }

    pub fn not_a_letter(&mut self, why: String) {
        count(&mut self.not_letters, why);
    }

    pub fn lost(&mut self, range: &Range, before: Option<String>, discard: bool) {
        self.lost.push(Lost { range: range.clone(), before });
        self.lost_stay = !discard;
    }

    fn sum(&self) -> Row {
        self.rows.values().fold(Row::default(), |sum, row| Row {
            done: sum.done + row.done,
            failed_again: sum.failed_again + row.failed_again,
            conflicts: sum.conflicts + row.conflicts,
            discarded: sum.discarded + row.discarded,
            kept: sum.kept + row.kept,
        })
    }

    /// Letters that the filters select and that are not done, as far as they were seen; a lower bound unless the run finished.
    fn left(&self) -> u64 {
        let Row { failed_again, conflicts, kept, .. } = self.sum();
        let lost = if self.lost_stay { self.lost.len() as u64 } else { 0 };
        failed_again + conflicts + kept + lost + self.not_letters.values().sum::<u64>() + self.hidden + self.refused_deletes
    }

    pub fn exit(&self) -> Exit {
        let finished = self.left() == 0 && self.end == End::Finished && self.systemic_failure.is_none();
        if finished { Exit::Done } else { Exit::Unfinished }
    }

    /// On one line.
    pub fn json(&self) -> String {
        let Value::Object(mut all) = json!(self.sum()) else { return String::new() };
        let rest = json!({
            "dry_run": self.dry_run,
            "messages": self.messages,
            "reasons": self.rows,
            "outcomes": self.outcomes,
            "kept_because": self.kept,
            "not_letters": self.not_letters.values().sum::<u64>(),
            "lost": self.lost,
            "deleted": self.deleted,
            "refused_deletes": self.refused_deletes,
            "hidden": self.hidden,
            "end": self.end,
            "systemic_failure": self.systemic_failure,
            "queue_refusal": self.queue_refusal,
            "left": self.left(),
        });
        all.extend(rest.as_object().cloned().unwrap_or_default());
        Value::Object(all).to_string()
    }
}

fn count(texts: &mut BTreeMap<String, u64>, text: String) {
    let text = if texts.len() < MOST_TEXTS || texts.contains_key(&text) { text } else { "other causes".to_owned() };
    *texts.entry(text).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use tablefeed::reason::Reason;
    use tablefeed::write::outcome::Outcome;

    use super::*;

    #[test]
    fn whatever_stays_is_left_and_the_rest_is_done() {
        let mut account = Account::default();
        account.enter("bad_json", Redriven::Done(Outcome::Persisted), false);
        account.enter("bad_json", Redriven::Conflict, true);
        assert_eq!((account.left(), account.exit()), (0, Exit::Done));
        account.enter("bad_json", Redriven::Conflict, false);
        account.enter("bad_json", Redriven::Replaced(Reason::BadJson), false);
        account.enter("internal", Redriven::Kept("no time was left".to_owned()), false);
        account.not_a_letter("it is not JSON".to_owned());
        assert_eq!((account.left(), account.exit()), (4, Exit::Unfinished));
        let json: Value = serde_json::from_str(&account.json()).unwrap();
        assert_eq!((&json["done"], &json["reasons"]["bad_json"]["conflicts"], &json["left"]), (&json!(1), &json!(1), &json!(4)));
        assert!(Account { end: End::Limit, ..Account::default() }.exit() == Exit::Unfinished);
    }

    #[test]
    fn what_is_lost_is_told_with_its_bounds() {
        let range = Range { stream: "arn".to_owned(), shard: "sh".to_owned(), start: "1".to_owned(), end: "9".to_owned() };
        let mut account = Account::default();
        account.lost(&range, Some("5".to_owned()), false);
        assert_eq!(account.left(), 1);
        let told = account.lines("q").join("\n");
        assert!(told.contains("records from 1 before 5, shard sh of arn: expired"), "{told}");
        account.lost(&range, None, true);
        assert_eq!(account.left(), 0);
    }
}
