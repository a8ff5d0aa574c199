//! One partition's records on their way: records in, event by event to the function, in order, each until it is done.
//!
//! An event that is not done is delivered again after a wait, with half as many records, so that also what is too much for one invocation
//! gets done. Never commits; [`Progress`] says up to where everything is done.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tablefeed::persist::{Function, FunctionError, Invocation};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::consumer::Told;
use crate::options::Options;
use crate::record::{Record, event};

/// An event's size, Lambda's own limit. A record that is larger goes alone.
const EVENT_BYTES: usize = 6 * 1024 * 1024;
/// What a lane holds before its partition is paused: full events, or bytes.
const AHEAD_BATCHES: usize = 4;
const AHEAD_BYTES: usize = 2 * EVENT_BYTES;
/// The wait after an event that is not done, doubled each time up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What all lanes share.
#[derive(Debug)]
pub struct Work {
    pub options: Options,
    pub function: Arc<Function>,
    /// Events in flight at once, over all lanes.
    pub at_once: Semaphore,
    pub tell: UnboundedSender<Told>,
}

/// How far a lane is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Records that are not done, and their bytes.
    pub waiting: usize,
    bytes: usize,
    /// The first offset behind what is done.
    pub done: Option<i64>,
    /// Whether the last delivery left its event unfinished.
    pub held_up: bool,
}

/// A partition's lane, from outside.
#[derive(Debug)]
pub struct Lane {
    records: UnboundedSender<Record>,
    stop: watch::Sender<bool>,
    progress: Arc<Mutex<Progress>>,
    batch_size: usize,
    pub task: JoinHandle<Result<(), FunctionError>>,
    pub paused: bool,
}

impl Lane {
    pub fn begin(work: &Arc<Work>, partition: i32, runtime: &Handle) -> Lane {
        let (records, received) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let progress = Arc::<Mutex<Progress>>::default();
        let batch_size = work.options.batch_size;
        let worker = Worker {
            work: Arc::clone(work),
            partition,
            records: received,
            stop: stopped,
            progress: Arc::clone(&progress),
            pending: VecDeque::new(),
            pending_bytes: 0,
            most: batch_size,
            failures: 0,
        };
        Lane { records, stop, progress, batch_size, task: runtime.spawn(worker.run()), paused: false }
    }

    /// The next record of the partition.
    pub fn push(&self, record: Record) {
        let mut progress = lock(&self.progress);
        (progress.waiting, progress.bytes) = (progress.waiting + 1, progress.bytes + record.bytes());
        // A lane that ended has its record delivered again by whoever gets the partition next.
        self.records.send(record).unwrap_or_default();
    }

    /// Lets the event in flight end, and begins none.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub fn progress(&self) -> Progress {
        *lock(&self.progress)
    }

    /// Everything in front of this offset is done, also where no record has it.
    pub fn reach(&self, offset: i64) {
        let mut progress = lock(&self.progress);
        progress.done = progress.done.max(Some(offset));
    }

    /// Whether it holds enough for now.
    pub fn is_full(&self) -> bool {
        let Progress { waiting, bytes, .. } = self.progress();
        waiting >= AHEAD_BATCHES * self.batch_size || bytes >= AHEAD_BYTES
    }

    /// Whether it should have more before it runs dry.
    pub fn has_room(&self) -> bool {
        let Progress { waiting, bytes, .. } = self.progress();
        waiting <= AHEAD_BATCHES * self.batch_size / 2 && bytes <= AHEAD_BYTES / 2
    }
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lane itself.
struct Worker {
    work: Arc<Work>,
    partition: i32,
    records: UnboundedReceiver<Record>,
    stop: watch::Receiver<bool>,
    progress: Arc<Mutex<Progress>>,
    /// Received, and not done.
    pending: VecDeque<Record>,
    pending_bytes: usize,
    /// The most records of the next event.
    most: usize,
    /// Deliveries in a row that left their event unfinished.
    failures: u32,
}

impl Worker {
    /// Until it is stopped. An error ends the whole feed.
    async fn run(mut self) -> Result<(), FunctionError> {
        while self.gather().await {
            let count = fitting(self.pending.iter().map(Record::bytes), self.most);
            if self.deliver(count).await? {
                self.failures = 0;
                self.most = (self.most * 2).min(self.work.options.batch_size);
            } else {
                self.most = (count / 2).max(1);
                let wait = wait(self.failures, fastrand::f64());
                self.failures = self.failures.saturating_add(1);
                tokio::select! {
                    () = stopped(&mut self.stop) => {}
                    () = sleep(wait) => {}
                }
            }
        }
        Ok(())
    }

    /// Waits until there is an event's worth of records, or the window has passed; false if there will be no more events.
    async fn gather(&mut self) -> bool {
        let mut until = (!self.pending.is_empty()).then(|| Instant::now() + self.work.options.window);
        loop {
            if *self.stop.borrow() {
                return false;
            }
            let full = self.pending.len() >= self.most || self.pending_bytes >= EVENT_BYTES;
            if !self.pending.is_empty() && (full || self.failures > 0) {
                return true;
            }
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return false,
                record = self.records.recv() => {
                    let Some(record) = record else { return false };
                    self.pending_bytes += record.bytes();
                    self.pending.push_back(record);
                    until.get_or_insert_with(|| Instant::now() + self.work.options.window);
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => return true,
            }
        }
    }

    /// Delivers the first records as one event; whether it is done.
    async fn deliver(&mut self, count: usize) -> Result<bool, FunctionError> {
        let Options { servers, topic, timeout, .. } = &self.work.options;
        let permit = tokio::select! {
            () = stopped(&mut self.stop) => return Ok(false),
            permit = self.work.at_once.acquire() => permit,
        };
        let event = event(servers, topic, self.partition, self.pending.iter().take(count));
        let first = self.pending.front().map_or(0, |record| record.offset);
        let begin = Instant::now();
        let request_id = format!("{topic}-{}-{first}-{}", self.partition, self.failures + 1);
        let invocation = Invocation::new(request_id, "persist", begin + *timeout, SystemTime::now());
        let handled = timeout_at(invocation.deadline, self.work.function.handle(&event, &invocation)).await;
        drop(permit);
        let handled = handled.ok().transpose()?;
        let done = handled.as_ref().is_some_and(|handled| handled.response.is_ok());
        self.account(count, done);
        let told = Told::Delivered {
            handled: handled.map(Box::new),
            took: begin.elapsed(),
            again: self.failures > 0,
            done: if done { count } else { 0 },
        };
        // Whoever listened may be gone.
        self.work.tell.send(told).unwrap_or_default();
        Ok(done)
    }

    /// Takes the first records away if they are done.
    fn account(&mut self, count: usize, done: bool) {
        let mut progress = lock(&self.progress);
        progress.held_up = !done;
        if done {
            for record in self.pending.drain(..count) {
                progress.waiting -= 1;
                progress.bytes -= record.bytes();
                self.pending_bytes -= record.bytes();
                progress.done = Some(record.offset + 1);
            }
        }
    }
}

/// Returns once the lane is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone wants nothing any more either.
    stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
}

/// How many of the first records make an event: at least one.
fn fitting(sizes: impl Iterator<Item = usize>, most: usize) -> usize {
    let mut bytes = 0;
    let fits = |size: &usize| {
        bytes += size;
        bytes <= EVENT_BYTES
    };
    sizes.take(most).take_while(fits).count().max(1)
}

/// The wait after so many failures before; `chance` from 0 to 1 takes up to half of it away.
fn wait(failures: u32, chance: f64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_WAIT);
    longest.mul_f64(1.0 - chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_holds_what_fits_and_at_least_one_record() {
        let fits = |sizes: &[usize], most| fitting(sizes.iter().copied(), most);
        assert_eq!(fits(&[1; 10], 4), 4);
        assert_eq!(fits(&[1; 3], 4), 3);
        assert_eq!(fits(&[EVENT_BYTES, 1], 4), 1);
        assert_eq!(fits(&[EVENT_BYTES + 1, 1], 4), 1);
        assert_eq!(fits(&[1, EVENT_BYTES - 1, 1], 4), 2);
    }

    #[test]
    fn waits_double_up_to_the_longest_and_vary() {
        assert_eq!([wait(0, 0.0), wait(1, 0.0), wait(2, 1.0)].map(|wait| wait.as_millis()), [200, 400, 400]);
        assert_eq!((wait(40, 0.0), wait(u32::MAX, 1.0)), (LONGEST_WAIT, LONGEST_WAIT / 2));
    }
}
