//! Delivery to one URL: batches in; out, their acknowledgement, in order and none left out.
//!
//! ```text
//! changes ─► wanted? ─► parcels ─► POST ─► verdict ─┬─► taken: acknowledged
//!                          ▲                        ├─► refused: a wait, and again ─► effort: attempts used up, halved ─► letter ─► acknowledged
//!                          └────────────────────────┘
//! ```
//! - [`guard`]: where a URL may lead; [`destination`]: the POST itself.
//! - [`verdict`], [`effort`], [`parcel`]: what is decided; pure.
//! - [`letters`]: where a refused record goes.

pub mod destination;
pub mod effort;
pub mod guard;
pub mod letters;
pub mod parcel;
pub mod verdict;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::json;
use tablefeed::json;
use tablefeed::mapping::Filter;
use tokio::time::sleep;
use uuid::Uuid;

use crate::change::Change;
use crate::subscription::{Declaration, Images, Letters, OnFailure};
use destination::{Destination, epoch_seconds};
use effort::{Effort, Next};
pub use guard::Guard;
use letters::{Letter, LetterBox};
use parcel::Parcel;
use verdict::{Refusal, Verdict, judge, wait};

/// One try of a notice.
const NOTICE_PATIENCE: Duration = Duration::from_secs(5);

/// Why a declaration cannot be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DelivererError {
    #[error("{0:?} is no URL")]
    Url(String),
    #[error("the header {0:?} cannot be sent")]
    Header(String),
    #[error("`where` cannot be used: {0}")]
    Filter(String),
    #[error("letters to a file are for subscriptions of the configuration file only; give dead_letter a queue_url")]
    LettersToFile,
    #[error("the machine's certificates cannot be read: {0}")]
    Certificates(#[from] io::Error),
}

/// Delivers to one URL; several shards' batches at once, if asked to.
#[derive(Debug)]
pub struct Deliverer {
    declaration: Arc<Declaration>,
    subscription: String,
    destination: Destination,
    filter: Option<Filter>,
    letters: LetterBox,
}

/// What is told while a batch is delivered.
pub struct Progress<'a> {
    /// So many further changes are acknowledged. An error ends the delivery.
    pub acknowledged: &'a (dyn Fn(usize) -> Result<(), String> + Send + Sync),
    /// A try was in vain: why, and how many were in a row.
    pub failed: &'a (dyn Fn(&str, u32) + Send + Sync),
    /// The URL took something.
    pub succeeded: &'a (dyn Fn() + Send + Sync),
    /// A letter was accepted.
    pub letter: &'a (dyn Fn() + Send + Sync),
}

/// Why a delivery goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The URL wants nothing any more.
    Gone,
    /// What was acknowledged could not be stored.
    Unstored(String),
}

impl Deliverer {
    /// Makes ready to deliver what `declaration` asks for. `sqs` is for letters to a queue.
    pub fn new(
        declaration: Arc<Declaration>,
        guard: Guard,
        subscription_id: &str,
        sqs: &aws_sdk_sqs::Client,
    ) -> Result<Deliverer, DelivererError> {
        if guard == Guard::Public && matches!(declaration.on_failure, OnFailure::DeadLetter { to: Letters::File(_), .. }) {
            return Err(DelivererError::LettersToFile);
        }
        Ok(Deliverer {
            subscription: subscription_id.to_owned(),
            destination: Destination::new(&declaration, guard)?,
            filter: declaration.filter.as_deref().map(Filter::compile).transpose().map_err(DelivererError::Filter)?,
            letters: LetterBox::new(sqs.clone()),
            declaration,
        })
    }

    /// Whether the subscription is about this change.
    pub fn wants(&self, change: &Change) -> bool {
        let events = &self.declaration.events;
        if !events.is_empty() && !events.contains(&change.event) {
            return false;
        }
        let Some(filter) = &self.filter else { return true };
        // The record as it is delivered; but what is tested need not be.
        let text = change.text(Images::Both);
        json::parse(&text).is_ok_and(|record| filter.matches(&record))
    }

    /// Delivers a batch in order; returns when each of its changes is acknowledged, or when it ends. Dropped, it stops at once.
    pub async fn deliver(&self, shard: &str, changes: &[Arc<Change>], progress: &Progress<'_>) -> Result<(), Ended> {
        let images = self.declaration.images;
        let parcel = |change: &Arc<Change>| Parcel { sequence: change.sequence.as_str().to_owned(), text: change.text(images) };
        let parcels: Vec<Parcel> = changes.iter().map(parcel).collect();
        let mut effort = Effort::new(match self.declaration.on_failure {
            OnFailure::Hold => None,
            OnFailure::DeadLetter { max_attempts, .. } => Some(max_attempts),
        });
        let mut failures = 0;
        let mut first = 0;
        while first < parcels.len() {
            let rest = &parcels[first..];
            let size = effort.size(parcel::fitting(rest, self.declaration.batch.max_records, self.declaration.batch.max_bytes));
            let Err(Failure { error, refusal }) = self.send(shard, &rest[..size]).await? else {
                (progress.succeeded)();
                (progress.acknowledged)(size).map_err(Ended::Unstored)?;
                effort.succeeded(size);
                failures = 0;
                first += size;
                continue;
            };
            failures += 1;
            (progress.failed)(&error, failures);
            if effort.failed(size) == Next::Letter {
                self.give_up(shard, &changes[first], &error, progress).await?;
                first += 1;
            } else {
                sleep(wait(effort.failures().max(1), refusal, fastrand::f64())).await;
            }
        }
        Ok(())
    }

    /// One try.
    async fn send(&self, shard: &str, parcels: &[Parcel]) -> Result<Result<(), Failure>, Ended> {
        let id = parcel::id(&self.subscription, shard, parcels).to_string();
        let answer = match self.destination.post(&id, parcel::body(parcels), Duration::MAX).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(Failure { error, refusal: Refusal::default() })),
        };
        match judge(answer.status, answer.retry_after.as_deref(), epoch_seconds()) {
            Verdict::Taken => Ok(Ok(())),
            Verdict::Gone => Err(Ended::Gone),
            Verdict::Refused(refusal) => Ok(Err(Failure { error: format!("the URL answers {}", answer.status), refusal })),
        }
    }

    /// Has a letter accepted, however long that takes.
    async fn give_up(&self, shard: &str, change: &Change, error: &str, progress: &Progress<'_>) -> Result<(), Ended> {
        let OnFailure::DeadLetter { to, .. } = &self.declaration.on_failure else { return Ok(()) };
        let letter = Letter { subscription: &self.subscription, declaration: &self.declaration, shard, change, error };
        let mut failures = 0;
        while let Err(why) = self.letters.post(to, &letter).await {
            failures += 1;
            (progress.failed)(&format!("a letter is not accepted: {why}"), failures);
            sleep(wait(failures, Refusal::default(), fastrand::f64())).await;
        }
        (progress.letter)();
        (progress.acknowledged)(1).map_err(Ended::Unstored)
    }

    /// Tells the URL that its subscription cannot go on; once, and whether or not it listens.
    pub async fn notify(&self, table_name: &str, message: &str) {
        let body = json!({ "table_name": table_name, "message": message }).to_string();
        let name = format!("{}\n{}\n{body}", self.subscription, epoch_seconds());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string();
        self.destination.post(&id, Bytes::from(body), NOTICE_PATIENCE).await.map(drop).unwrap_or_default();
    }
}

/// Why a try was in vain, and how to go on.
struct Failure {
    error: String,
    refusal: Refusal,
}
