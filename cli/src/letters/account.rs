//! What a redrive did, as JSON or as text.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use tablefeed::persist::redrive::Redriven;

use super::on_failure::Range;
use crate::exit::Exit;
use crate::summary::counted;
use crate::text_table;

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

    /// For people. `source` says where the letters are from.
    pub fn lines(&self, source: &str) -> Vec<String> {
        let letters: u64 = self.rows.values().map(|row| row.done + row.failed_again + row.conflicts + row.discarded + row.kept).sum();
        let what = if self.dry_run { "dry run, nothing is written and nothing deleted: " } else { "" };
        let mut lines = vec![format!("{what}{source}: {} in {}", counted(letters, "letter"), counted(self.messages, "message"))];
        lines.push(String::new());
        if !self.rows.is_empty() {
            lines.extend(text_table::lines(&self.table()));
            lines.push(String::new());
        }
        lines.extend(self.facts().into_iter().map(|(name, fact)| format!("{name:10} {fact}")));
        lines
    }

    fn table(&self) -> Vec<Vec<String>> {
        let head = ["reason", "done", "failed again", "conflicts", "discarded", "kept"].map(str::to_owned).to_vec();
        let cells = |name: &str, row: &Row| {
            let counts = [row.done, row.failed_again, row.conflicts, row.discarded, row.kept].map(|count| count.to_string());
            std::iter::once(name.to_owned()).chain(counts).collect()
        };
        let rows = self.rows.iter().map(|(reason, row)| cells(reason, row));
        std::iter::once(head).chain(rows).chain([cells("total", &self.sum())]).collect()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let outcomes = self.outcomes.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ");
        if !outcomes.is_empty() {
            facts.push(("done", outcomes));
        }
        if !self.dry_run {
            facts.push(("deleted", counted(self.deleted, "message")));
        }
        if self.refused_deletes > 0 {
            facts.push(("", format!("{} more could not be deleted: they come again, which does no harm", self.refused_deletes)));
        }
        facts.extend(self.kept.iter().map(|(why, count)| ("kept", format!("{count}: {why}"))));
        facts.extend(self.not_letters.iter().map(|(why, count)| ("no letter", format!("{count}: {why}"))));
        facts.extend(self.lost.iter().map(|lost| ("lost", lost.told())));
        if self.hidden > 0 {
            let Account { hidden, hidden_for, .. } = self;
            let are = format!("{} hidden by another reader, or by a run that was ended", counted(*hidden, "message"));
            facts.push(("hidden", format!("{are}; run again in {hidden_for} s")));
        }
        facts.extend(self.systemic_failure.iter().map(|failure| ("systemic", failure.clone())));
        facts.extend(self.queue_refusal.iter().map(|refusal| ("queue", refusal.clone())));
        let left = match (self.left(), self.end) {
            (left, End::Stopped) => format!("{left} and what was not reached: a signal ended the run"),
            (left, End::Limit) => format!("{left} and what was not reached: --limit ended the run"),
            (0, End::Finished) if self.systemic_failure.is_none() => "nothing".to_owned(),
            (left, End::Finished) => left.to_string(),
        };
        facts.push(("left", left));
        facts
    }
}

impl Lost {
    fn told(&self) -> String {
        let Lost { range: Range { stream, shard, start, end }, before } = self;
        let until = before.as_ref().map_or_else(|| format!("up to {end}"), |before| format!("before {before}"));
        format!("records from {start} {until}, shard {shard} of {stream}: expired; --discard deletes the message")
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
