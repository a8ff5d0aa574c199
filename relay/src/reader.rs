//! The one reader of a shard, whatever the number of subscriptions: lanes ask for what comes after their place; it keeps what it
//! read last, and calls the stream only when somebody waits for more.
//!
//! A lane whose place is no longer kept rereads the stream, one lane a shard at a time, until it meets what is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::change::{Change, Sequence};
use crate::stream::{From, Read, StreamError, Streams};

/// Changes that are kept, and handed out at once.
const KEPT_BYTES: usize = 16 << 20;
const PAGE: usize = 1000;

/// Where a lane is.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The last change that it was given.
    pub after: Option<Sequence>,
    /// It reads from the oldest record, as what came after `after` is trimmed.
    pub horizon: bool,
    offset: Option<u64>,
    iterator: Option<String>,
}

impl Place {
    pub fn after(sequence: Option<Sequence>) -> Place {
        Place { after: sequence, ..Place::default() }
    }

    fn from(&self) -> From {
        match &self.after {
            Some(sequence) if !self.horizon => From::After(sequence.clone()),
            _ => From::Horizon,
        }
    }

    /// What comes after `after` is trimmed.
    pub fn trimmed(&mut self) {
        *self = Place { after: self.after.take(), horizon: true, offset: None, iterator: None };
    }
}

/// What a lane is given.
#[derive(Debug)]
pub enum Given {
    Changes(Vec<Arc<Change>>),
    /// The shard has no more, and never will.
    Ended,
}

#[derive(Debug, Default)]
struct Kept {
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
    /// The offset of the first change that is kept.
    base: u64,
    /// Where the changes from the offset `start` on come from; `None` until the first lane asks.
    origin: Option<From>,
    start: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Cursor {
    iterator: Option<String>,
    last: Option<Sequence>,
    /// Not before.
    next: Option<Instant>,
}

/// One shard.
#[derive(Debug)]
pub struct Reader {
    streams: Streams,
    pub arn: String,
    pub shard: String,
    poll: Duration,
    kept: Mutex<Kept>,
    cursor: tokio::sync::Mutex<Cursor>,
    rereading: tokio::sync::Mutex<()>,
}

enum Step {
    Give(Given),
    Pull(u64),
    Reread,
}

impl Reader {
    pub fn new(streams: Streams, arn: &str, shard: &str, poll: Duration) -> Reader {
        Reader {
            streams,
            arn: arn.to_owned(),
            shard: shard.to_owned(),
            poll,
            kept: Mutex::default(),
            cursor: tokio::sync::Mutex::default(),
            rereading: tokio::sync::Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place from which nothing is missed that is written from now on.
    pub async fn latest(&self) -> Result<Place, StreamError> {
        let mut cursor = self.cursor.lock().await;
        let begun = self.kept().origin.is_some();
        if !begun {
            let iterator = self.streams.iterator(&self.arn, &self.shard, &From::Latest).await?;
            let mut kept = self.kept();
            // A lane may have begun meanwhile, at the oldest record.
            if kept.origin.is_none() {
                cursor.iterator = iterator;
                kept.origin = Some(From::Latest);
            }
        }
        Ok(Place { offset: Some(self.kept().end()), ..Place::default() })
    }

    /// What comes after `place`, which goes on. Waits until there is something. May be dropped at any time.
    pub async fn next(&self, place: &mut Place) -> Result<Given, StreamError> {
        loop {
            let step = self.kept().step(place);
            let given = match step {
                Step::Give(given) => given,
                Step::Pull(offset) => {
                    self.pull(offset).await?;
                    continue;
                }
                Step::Reread => match self.reread(place).await? {
                    Some(given) => given,
                    None => continue,
                },
            };
            let Given::Changes(mut changes) = given else { return Ok(given) };
            if let Some(after) = &place.after {
                changes.retain(|change| change.sequence > *after);
            }
            if let Some(last) = changes.last() {
                place.after = Some(last.sequence.clone());
                place.horizon = false;
                return Ok(Given::Changes(changes));
            }
        }
    }

    /// One call for what comes after all that is kept, unless another lane's brought it meanwhile.
    async fn pull(&self, offset: u64) -> Result<(), StreamError> {
        let mut cursor = self.cursor.lock().await;
        if let Some(next) = cursor.next {
            sleep_until(next).await;
        }
        {
            let kept = self.kept();
            if kept.end() != offset || kept.ended {
                return Ok(());
            }
        }
        let iterator = match cursor.iterator.clone() {
            Some(iterator) => iterator,
            None => match self.resume(&cursor).await {
                Ok(Some(iterator)) => iterator,
                Ok(None) => {
                    self.kept().ended = true;
                    return Ok(());
                }
                Err(error) => return Err(self.broken(&mut cursor, error)),
            },
        };
        match self.streams.read(&iterator).await {
            Ok(read) => {
                let changes = self.changes(&read)?;
                cursor.next = changes.is_empty().then(|| Instant::now() + self.poll);
                if let Some(last) = changes.last() {
                    cursor.last = Some(last.sequence.clone());
                }
                self.kept().push(changes, read.next.is_none());
                cursor.iterator = read.next;
                Ok(())
            }
            Err(StreamError::Expired) => {
                cursor.iterator = None;
                Ok(())
            }
            Err(error) => Err(self.broken(&mut cursor, error)),
        }
    }

    async fn resume(&self, cursor: &Cursor) -> Result<Option<String>, StreamError> {
        let origin = self.kept().origin.clone();
        let from = match (&cursor.last, origin) {
            (Some(last), _) => From::After(last.clone()),
            (None, Some(From::After(sequence))) => From::After(sequence),
            (None, _) => From::Horizon,
        };
        self.streams.iterator(&self.arn, &self.shard, &from).await
    }

    /// Forgets all, so that each lane finds out from where it can go on.
    fn broken(&self, cursor: &mut Cursor, error: StreamError) -> StreamError {
        *cursor = Cursor::default();
        let mut kept = self.kept();
        let end = kept.end() + 1;
        *kept = Kept { base: end, start: end, ..Kept::default() };
        error
    }

    async fn reread(&self, place: &mut Place) -> Result<Option<Given>, StreamError> {
        let turn = self.rereading.lock().await;
        let iterator = match place.iterator.take() {
            Some(iterator) => iterator,
            None => match self.streams.iterator(&self.arn, &self.shard, &place.from()).await? {
                Some(iterator) => iterator,
                None => return Ok(Some(Given::Ended)),
            },
        };
        let read = match self.streams.read(&iterator).await {
            Ok(read) => read,
            Err(StreamError::Expired) => return Ok(None),
            Err(error) => return Err(error),
        };
        drop(turn);
        let changes = self.changes(&read)?;
        let ended = read.next.is_none();
        place.iterator = read.next;
        if changes.is_empty() && ended {
            return Ok(Some(Given::Ended));
        }
        if changes.is_empty() {
            tokio::time::sleep(self.poll).await;
            return Ok(None);
        }
        Ok(Some(Given::Changes(changes)))
    }

    fn changes(&self, read: &Read) -> Result<Vec<Arc<Change>>, StreamError> {
        let change = |record| Change::of(record, &self.arn).map(Arc::new).map_err(|error| StreamError::Refused(error.to_string()));
        read.records.iter().map(change).collect()
    }
}

impl Kept {
    fn end(&self) -> u64 {
        self.base + self.changes.len() as u64
    }

    fn step(&mut self, place: &mut Place) -> Step {
        if self.origin.is_none() {
            self.origin = Some(place.from());
            place.offset = Some(self.start);
        }
        let Some(offset) = place.offset.filter(|offset| *offset >= self.base).or_else(|| self.find(place)) else {
            place.offset = None;
            return Step::Reread;
        };
        place.offset = Some(offset);
        place.iterator = None;
        let from = usize::try_from(offset - self.base).unwrap_or(usize::MAX);
        let changes: Vec<_> = self.changes.iter().skip(from).take(PAGE).cloned().collect();
        if !changes.is_empty() {
            place.offset = Some(offset + changes.len() as u64);
            return Step::Give(Given::Changes(changes));
        }
        if self.ended { Step::Give(Given::Ended) } else { Step::Pull(offset) }
    }

    /// The offset of what comes after a place, if nothing between is missing.
    fn find(&self, place: &Place) -> Option<u64> {
        if self.origin.as_ref() == Some(&place.from()) && self.base == self.start {
            return Some(self.start);
        }
        let after = place.after.as_ref().filter(|_| !place.horizon)?;
        let first = self.changes.front()?;
        (first.sequence <= *after).then(|| self.base + self.changes.partition_point(|change| change.sequence <= *after) as u64)
    }

    fn push(&mut self, changes: Vec<Arc<Change>>, ended: bool) {
        self.bytes += changes.iter().map(|change| change.bytes()).sum::<usize>();
        self.changes.extend(changes);
        self.ended = ended;
        while self.bytes > KEPT_BYTES && self.changes.len() > PAGE {
            if let Some(change) = self.changes.pop_front() {
                self.bytes -= change.bytes();
                self.base += 1;
            }
        }
    }
}
