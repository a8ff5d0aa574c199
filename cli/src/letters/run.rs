//! A redrive from its first letter to its last: from a queue, whose messages are deleted when they may be, or from files.
//!
//! In: [`Redriving`] and where the letters are. Out: its account, filled. A process that ends at any moment leaves letters hidden for a while, and
//! the next run goes on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tablefeed::json::parse;
use tokio::time::{Instant, sleep_until};

use super::account::End;
use super::file;
use super::filter::Filter;
use super::inbox::{Bounds, Inbox};
use super::letter::text;
use super::message::Message;
use super::redriving::{Redriving, Verdict};
use crate::progress::Progress;

/// Letters that are redriven at once.
pub const MOST_LETTERS: usize = 500;
/// Their bytes.
pub const MOST_BYTES: usize = 64 << 20;

/// How much is redriven, and how fast.
pub struct Pace {
    pub limit: Option<u64>,
    /// Letters a second.
    pub rate: Option<u32>,
    begin: Instant,
    done: u64,
}

impl Pace {
    pub fn begin(limit: Option<u64>, rate: Option<u32>) -> Pace {
        Pace { limit, rate, begin: Instant::now(), done: 0 }
    }

    /// What may be redriven next; no letters when the limit is reached.
    fn next(&self) -> Bounds {
        let of_rate = self.rate.map_or(MOST_LETTERS, |rate| usize::try_from(rate).unwrap_or(MOST_LETTERS));
        let of_limit = self.limit.map_or(MOST_LETTERS, |limit| usize::try_from(limit.saturating_sub(self.done)).unwrap_or(MOST_LETTERS));
        Bounds { messages: MOST_LETTERS.min(of_rate).min(of_limit), bytes: MOST_BYTES }
    }

    /// Enters what was redriven, and waits as long as the rate asks for.
    async fn step(&mut self, letters: usize) {
        self.done += letters as u64;
        if let Some(rate) = self.rate {
            sleep_until(self.begin + Duration::from_secs_f64(f64::from(u32::try_from(self.done).unwrap_or(u32::MAX)) / f64::from(rate)))
                .await;
        }
    }
}

/// Redrives what the queue holds and the filter selects. Messages stay held until [`Inbox::show_again`].
pub async fn queue(
    redriving: &mut Redriving<'_>,
    inbox: &mut Inbox,
    filter: &Filter,
    now: u64,
    pace: &mut Pace,
    progress: &Progress,
) -> anyhow::Result<()> {
    let requests = redriving.requests().to_owned();
    // What this run sent itself is not redriven in vain a second time.
    let selects = |message: &Message| filter.selects(message, now) && !is_of(&message.body, &requests);
    loop {
        let bounds = pace.next();
        if bounds.messages == 0 {
            if !inbox.take(Bounds { messages: 1, bytes: MOST_BYTES }, selects).await?.is_empty() {
                redriving.account.end = End::Limit;
            }
            return Ok(());
        }
        let messages = inbox.take(bounds, selects).await?;
        if messages.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        let verdicts = tokio::select! {
            verdicts = redriving.bodies(&bodies) => verdicts,
            never = inbox.keep_hidden(&ids) => match never {},
        };
        let count = ids.len();
        let done: Vec<String> =
            ids.into_iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Delete).map(|(id, _)| id).collect();
        let deleted = inbox.delete(&done).await;
        redriving.account.refused_deletes = inbox.refused;
        redriving.account.deleted += deleted?;
        progress.steps(count);
        if redriving.account.systemic_failure.is_some() {
            return Ok(());
        }
        pace.step(count).await;
    }
}

/// Whether a letter was sent by a request whose id begins so.
fn is_of(body: &str, requests: &str) -> bool {
    parse(body).is_ok_and(|letter| text(&letter, "request_id").is_some_and(|id| id.starts_with(requests)))
}

/// Redrives what files hold and the filter selects.
pub async fn files(
    redriving: &mut Redriving<'_>,
    paths: &[PathBuf],
    filter: &Filter,
    pace: &mut Pace,
    progress: &Progress,
) -> anyhow::Result<()> {
    for path in paths {
        if of_file(redriving, path, filter, pace, progress).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// True if the run is to end here.
async fn of_file(
    redriving: &mut Redriving<'_>,
    path: &Path,
    filter: &Filter,
    pace: &mut Pace,
    progress: &Progress,
) -> anyhow::Result<bool> {
    let mut entries = file::entries(path)?.filter(|entry| !entry.as_ref().is_ok_and(|entry| !filter.selects_body(entry)));
    loop {
        let bounds = pace.next();
        if bounds.messages == 0 {
            if entries.next().is_none() {
                return Ok(false);
            }
            redriving.account.end = End::Limit;
            return Ok(true);
        }
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < bounds.messages && bytes < bounds.bytes {
            let Some(entry) = entries.next().transpose()? else { break };
            bytes += entry.len();
            chunk.push(entry);
        }
        if chunk.is_empty() {
            return Ok(false);
        }
        redriving.bodies(&chunk.iter().map(String::as_str).collect::<Vec<_>>()).await;
        progress.steps(chunk.len());
        if redriving.account.systemic_failure.is_some() {
            return Ok(true);
        }
        pace.step(chunk.len()).await;
    }
}
