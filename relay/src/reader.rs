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

/// Changes that are handed out at once.
const PAGE: usize = 1000;

/// Where a lane is.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The last change that it was given.
    pub after: Option<Sequence>,
    /// The lowest number that a record of the shard may have, if none may be missed.
    start: Option<Sequence>,
    /// It reads from the oldest record, as what came before that is trimmed.
    horizon: bool,
    offset: Option<u64>,
    iterator: Option<String>,
}

impl Place {
    /// Behind a record.
    pub fn after(sequence: Sequence) -> Place {
        Place { after: Some(sequence), ..Place::default() }
    }

    /// In front of a shard's first record, where its numbers begin at `start`; without that, in front of the oldest record that
    /// there is when it is read.
    pub fn start(start: Option<Sequence>) -> Place {
        Place { start, ..Place::default() }
    }

    fn from(&self) -> From {
        match (&self.after, &self.start) {
            _ if self.horizon => From::Horizon,
            (Some(sequence), _) => From::After(sequence.clone()),
            (None, Some(start)) => From::At(start.clone()),
            (None, None) => From::Horizon,
        }
    }

    /// What comes next is trimmed: it goes on at the oldest record.
    pub fn trimmed(&mut self) {
        *self = Place { after: self.after.take(), horizon: true, ..Place::default() };
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
    /// The last change that came, kept or not.
    last: Option<Sequence>,
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
    /// So many bytes of changes are kept.
    room: usize,
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
    pub fn new(streams: Streams, arn: &str, shard: &str, poll: Duration, room: usize) -> Reader {
        Reader {
            streams,
            arn: arn.to_owned(),
            shard: shard.to_owned(),
            poll,
            room,
            kept: Mutex::default(),
            cursor: tokio::sync::Mutex::default(),
            rereading: tokio::sync::Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place from which nothing is missed that is written from now on. The shard's numbers begin at `start`.
    pub async fn latest(&self, start: Option<Sequence>) -> Result<Place, StreamError> {
        let mut cursor = self.cursor.lock().await;
        let begun = self.kept().origin.is_some();
        if !begun {
            let iterator = self.iterator(&From::Latest).await?;
            let mut kept = self.kept();
            // A lane may have begun meanwhile, at the oldest record.
            if kept.origin.is_none() {
                kept.ended = iterator.is_none();
                cursor.iterator = iterator;
                kept.origin = Some(From::Latest);
            }
        }
        let kept = self.kept();
        let after = cursor.last.clone().or_else(|| kept.origin.as_ref().and_then(From::after));
        Ok(Place { after, start, offset: Some(kept.end()), ..Place::default() })
    }

    /// A place from which nothing is missed that the shard has now. Its numbers begin at `start`.
    pub async fn oldest(&self, start: Option<Sequence>) -> Result<Place, StreamError> {
        let mut cursor = self.cursor.lock().await;
        let iterator = self.iterator(&From::Horizon).await?;
        let mut kept = self.kept();
        if kept.origin.is_some() {
            return Ok(Place { start, iterator, ..Place::default() });
        }
        kept.ended = iterator.is_none();
        cursor.iterator.clone_from(&iterator);
        kept.origin = Some(From::Horizon);
        Ok(Place { start, iterator, offset: Some(kept.start), ..Place::default() })
    }

    /// An iterator. Where the service takes no number of a record that may not exist, it is one at the oldest.
    async fn iterator(&self, from: &From) -> Result<Option<String>, StreamError> {
        match self.streams.iterator(&self.arn, &self.shard, from).await {
            Err(StreamError::Refused(_)) if matches!(from, From::At(_)) => {
                self.streams.iterator(&self.arn, &self.shard, &From::Horizon).await
            }
            answer => answer,
        }
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
                self.kept().push(changes, read.next.is_none(), self.room);
                cursor.iterator = read.next;
                Ok(())
            }
            Err(StreamError::Expired) if cursor.last.is_some() => {
                cursor.iterator = None;
                Ok(())
            }
            // Where an iterator stood that never gave a record, only the lanes know.
            Err(error) => Err(self.broken(&mut cursor, error)),
        }
    }

    async fn resume(&self, cursor: &Cursor) -> Result<Option<String>, StreamError> {
        let origin = self.kept().origin.clone().unwrap_or(From::Horizon);
        let from = cursor.last.clone().map_or(origin, From::After);
        self.iterator(&from).await
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
        let iterator = match place.iterator.clone() {
            Some(iterator) => iterator,
            None => match self.iterator(&place.from()).await? {
                Some(iterator) => iterator,
                None => return Ok(Some(Given::Ended)),
            },
        };
        let read = match self.streams.read(&iterator).await {
            Ok(read) => read,
            Err(StreamError::Expired) => {
                place.iterator = None;
                return Ok(None);
            }
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
        let from = usize::try_from(offset - self.base).unwrap_or(usize::MAX);
        let changes: Vec<_> = self.changes.iter().skip(from).take(PAGE).cloned().collect();
        if !changes.is_empty() {
            place.offset = Some(offset + changes.len() as u64);
            place.iterator = None;
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
        let Some(first) = self.changes.front() else { return self.last.as_ref().is_some_and(|last| last <= after).then(|| self.end()) };
        (first.sequence <= *after).then(|| self.base + self.changes.partition_point(|change| change.sequence <= *after) as u64)
    }

    fn push(&mut self, changes: Vec<Arc<Change>>, ended: bool, room: usize) {
        self.bytes += changes.iter().map(|change| change.bytes()).sum::<usize>();
        self.last = changes.last().map(|change| change.sequence.clone()).or(self.last.take());
        self.changes.extend(changes);
        self.ended = ended;
        while self.bytes > room
            && let Some(change) = self.changes.pop_front()
        {
            self.bytes -= change.bytes();
            self.base += 1;
        }
    }
}
