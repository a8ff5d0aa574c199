//! The run: what the event source mapping wants done next, done, until every line is done or something ends it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tablefeed::persist::{Function, Handled};
use tablefeed_local::esm::{Answer, Delivery, Discarded, Esm, EventSource, Failure, Position, Step};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::account::{Account, End};
use super::source::SHARD;
use super::tape::Tape;
use crate::exit::BadInput;
use crate::function;
use crate::progress::Progress;
use crate::stop::Stop;

/// What is read ahead, for each lane: batches, and bytes of the file from the first unfinished line on. At least two full events.
const AHEAD_BATCHES: usize = 2;
const AHEAD_BYTES: u64 = 12 * 1024 * 1024;

/// How the function is run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The function's time-out.
    pub timeout: Duration,
    /// The run ends when nothing was completed for so long.
    pub give_up_after: Option<Duration>,
}

pub struct Feed<'a> {
    tape: Tape,
    esm: Esm,
    function: Arc<Function>,
    limits: Limits,
    progress: &'a Progress,
    /// Wall time and this process's clock at the beginning; together they never go backwards.
    begun: (Duration, Instant),
    calls: JoinSet<Called>,
    in_flight: HashMap<Id, Delivery>,
    last_completed: Instant,
    /// The last cause that was told.
    told: Option<String>,
    /// Lines read.
    read: u64,
    account: Account,
}

/// What a run did, and where it put discarded records.
pub struct Fed {
    pub account: Account,
    pub discards: PathBuf,
}

/// How an invocation ended, and how long it took.
struct Called(Result<Handled, Failure>, Duration);

/// Since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl<'a> Feed<'a> {
    pub fn new(
        tape: Tape,
        event_source: EventSource,
        function: Function,
        limits: Limits,
        progress: &'a Progress,
    ) -> anyhow::Result<Feed<'a>> {
        let esm = Esm::new(event_source).map_err(|error| BadInput::error(error.to_string()))?;
        let account = Account::new(&function.settings().table.id);
        let begun = Instant::now();
        Ok(Feed {
            esm,
            function: Arc::new(function),
            limits,
            progress,
            // A clock that was set back makes no record wait.
            begun: (now().max(tape.last_arrival()), begun),
            calls: JoinSet::new(),
            in_flight: HashMap::new(),
            last_completed: begun,
            told: None,
            read: 0,
            account,
            tape,
        })
    }

    /// Feeds until everything is done, or a signal comes, or nothing is completed any more; then lets running deliveries end, unless a
    /// second signal comes.
    pub async fn run(mut self, stop: &mut Stop) -> anyhow::Result<Fed> {
        let mut end = None;
        loop {
            let step = match end {
                None => self.next()?,
                Some(_) if self.in_flight.is_empty() => break,
                Some(_) => Step::Busy,
            };
            let wait = match step {
                Step::Deliver(delivery) => {
                    self.deliver(delivery);
                    continue;
                }
                Step::Discard(discarded) => {
                    self.discard(&discarded)?;
                    continue;
                }
                Step::Idle => break,
                Step::Wait(until) => Some(self.begun.1 + until.saturating_sub(self.begun.0)),
                Step::Busy => None,
            };
            let give_up = self.limits.give_up_after.filter(|_| end.is_none()).map(|limit| self.last_completed + limit);
            tokio::select! {
                Some(ended) = self.calls.join_next_with_id() => self.complete(ended)?,
                () = sleep_until(wait.unwrap_or(self.begun.1)), if wait.is_some() => {}
                () = sleep_until(give_up.unwrap_or(self.begun.1)), if give_up.is_some() => end = Some(End::GaveUp),
                () = stop.wait() => {
                    if end.replace(End::Stopped).is_some() {
                        break;
                    }
                }
            }
        }
        self.write_down()?;
        self.account.end =
            end.filter(|_| self.esm.unfinished() > 0 || self.tape.checkpoint() < self.tape.size()).unwrap_or(self.tape.end());
        Ok(Fed { discards: self.tape.discards(), account: self.account })
    }

    /// Reads as far as there is room, and asks what is to be done.
    fn next(&mut self) -> anyhow::Result<Step> {
        while self.has_room() {
            let Some(record) = self.tape.next()? else { break };
            self.esm.push(SHARD, &record)?;
            self.read += 1;
        }
        Ok(self.esm.next(self.now()))
    }

    fn has_room(&self) -> bool {
        let EventSource { batch_size, parallelization_factor: lanes, .. } = *self.esm.source();
        let unfinished = self.esm.unfinished();
        unfinished == 0
            || unfinished < AHEAD_BATCHES * batch_size * lanes as usize
                && self.tape.ahead(self.position().as_ref()) < AHEAD_BYTES * u64::from(lanes)
    }

    fn deliver(&mut self, mut delivery: Delivery) {
        let (function, event) = (Arc::clone(&self.function), std::mem::take(&mut delivery.event));
        let begin = Instant::now();
        let deadline = begin + self.limits.timeout;
        let invocation = function::invocation(delivery.request_id.clone(), deadline);
        self.account.retries += u64::from(delivery.redelivered);
        let call = self.calls.spawn(async move {
            let handled = match timeout_at(deadline, function.handle(&event, &invocation)).await {
                Ok(handled) => handled.map_err(|error| Failure::Function(error.to_string())),
                Err(_) => Err(Failure::TimedOut),
            };
            Called(handled, begin.elapsed())
        });
        self.in_flight.insert(call.id(), delivery);
    }

    fn complete(&mut self, ended: Result<(Id, Called), JoinError>) -> anyhow::Result<()> {
        let (id, Called(handled, took)) =
            ended.unwrap_or_else(|error| (error.id(), Called(Err(Failure::Function("it panicked".to_owned())), Duration::ZERO)));
        let Some(delivery) = self.in_flight.remove(&id) else { return Ok(()) };
        let answer: Answer = match &handled {
            Ok(handled) => {
                self.account.deliveries.add(handled, took)?;
                match &handled.response {
                    Ok(response) => Ok(serde_json::to_vec(response)?),
                    Err(error) => Err(Failure::Function(error.to_string())),
                }
            }
            Err(failure) => {
                self.account.deliveries.invocations += 1;
                Err(failure.clone())
            }
        };
        let unfinished = self.esm.unfinished();
        let discarded = self.esm.complete(delivery, &answer, self.now());
        let completed = self.esm.unfinished() < unfinished;
        if completed {
            self.last_completed = Instant::now();
        }
        self.tell(cause(&handled, completed));
        match discarded {
            Some(discarded) => self.discard(&discarded),
            None => self.write_down(),
        }
    }

    /// The file of discarded records first, then the checkpoint.
    fn discard(&mut self, discarded: &Discarded) -> anyhow::Result<()> {
        self.tape.discard(discarded)?;
        self.account.discarded += discarded.batch.batch_size as u64;
        self.last_completed = Instant::now();
        self.write_down()
    }

    fn write_down(&mut self) -> anyhow::Result<()> {
        self.tape.done_up_to(self.position().as_ref())?;
        self.account.lines = self.read - self.esm.unfinished() as u64;
        self.account.took = self.begun.1.elapsed();
        (self.account.checkpoint, self.account.size) = (self.tape.checkpoint(), self.tape.size());
        self.progress.stage(self.account.live());
        Ok(())
    }

    /// The first unfinished record, or that there is none.
    fn position(&self) -> Option<Position> {
        self.esm.checkpoint().0.remove(SHARD)
    }

    /// Says why records are delivered again, not at each delivery but where the cause is another one.
    fn tell(&mut self, cause: Option<String>) {
        if cause.is_some() && cause != self.told {
            self.progress.note(&format!("retrying: {}", cause.as_deref().unwrap_or_default()));
            self.told = cause;
        }
    }

    fn now(&self) -> Duration {
        self.begun.0 + self.begun.1.elapsed()
    }
}

/// Why records are unfinished, where that is more than work for the next delivery.
fn cause(handled: &Result<Handled, Failure>, completed: bool) -> Option<String> {
    match handled {
        Err(Failure::Function(error)) => Some(format!("the function failed: {error}")),
        Err(Failure::TimedOut) => Some("the function's time ran out".to_owned()),
        Ok(Handled { report, .. }) => {
            let known = report.systemic.clone().or_else(|| report.queue_refusal.clone());
            known.or_else(|| {
                (!completed).then(|| "the function left every record unfinished; table or queue do not take them now".to_owned())
            })
        }
    }
}
