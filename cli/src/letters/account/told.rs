//! The account as text for people: a table by reason, then facts.

use super::{Account, End, Lost, Row};
use crate::letters::on_failure::Range;
use crate::summary::counted;
use crate::text_table;

impl Account {
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
