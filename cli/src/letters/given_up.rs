//! Records that Lambda gave up, redriven page by page: of the event that held them, or read back from their shard.
//!
//! In: what Lambda left of them. Out: whether its message may be deleted, which is when each record is done or a letter.

use tablefeed::persist::redrive::Redriven;
use tablefeed::write::stored::StoredLetter;

use super::on_failure::{OnFailure, Range, Records, letters_of_event};
use super::redriving::{Redriving, Verdict};
use super::run::{MOST_BYTES, MOST_LETTERS};
use super::stream::by_value;

impl Redriving<'_> {
    /// All records that a message of Lambda stands for.
    pub(super) async fn given_up(&mut self, records: &OnFailure) -> Verdict {
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
