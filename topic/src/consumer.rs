//! The loop that polls: messages into lanes, offsets back, until a stop or the end. It never waits for the function, so that the group never
//! takes this member for dead; a partition whose lane is full is paused meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tablefeed::persist::{Function, FunctionError, Handled};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

use crate::ends::Ends;
use crate::error::TopicError;
use crate::group::{Group, is_while_changing};
use crate::lane::Work;
use crate::options::Options;

/// How long Kafka may take to answer a question.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
/// Events in flight at once, as Lambda's largest parallelization factor.
const EVENTS_AT_ONCE: usize = 10;
/// The longest wait for a message: until then nobody looks after lanes.
const POLL: Duration = Duration::from_millis(20);
/// Between commits, and between questions for what others committed.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Go,
    /// Let events in flight end, and commit.
    Drain,
    /// Wait for nothing.
    Now,
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Told {
    /// This member has so many partitions now.
    Partitions(usize),
    /// An event was delivered; `handled` is `None` if its time ran out.
    Delivered {
        handled: Option<Box<Handled>>,
        took: Duration,
        /// Whether its first record was delivered before.
        again: bool,
        /// Records that are done now.
        done: usize,
    },
    /// Something around that may pass.
    Trouble(String),
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything up to the end is done.
    Finished,
    Stopped,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub end: End,
    /// Whether an event that was delivered is still unfinished.
    pub unfinished: bool,
    /// Partitions and the offsets that this member committed.
    pub committed: Vec<(i32, i64)>,
}

/// Feeds the topic to the function, and tells what happens, until `stop` says otherwise (or is gone: [`Stop::Now`]) or the end is reached.
pub async fn run(
    options: Options,
    function: Arc<Function>,
    stop: watch::Receiver<Stop>,
    tell: UnboundedSender<Told>,
) -> Result<Ended, TopicError> {
    if function.settings().mapping.ordered_by_place_alone() {
        return Err(FunctionError::NoOrder.into());
    }
    let runtime = Handle::current();
    let feed = spawn_blocking(move || Feed::open(options, function, tell, runtime)?.run(&stop));
    feed.await.unwrap_or(Err(TopicError::Panicked))
}

/// The consumer, and the ends that it goes to. All of its calls may block; closing it gives its partitions up.
struct Feed {
    consumer: BaseConsumer<Group>,
    ends: Option<Ends>,
    runtime: Handle,
    looked: Instant,
}

impl Feed {
    /// Connects, and finds the topic.
    fn open(options: Options, function: Arc<Function>, tell: UnboundedSender<Told>, runtime: Handle) -> Result<Feed, TopicError> {
        let config = options.config()?;
        let (servers, topic, until_end) = (options.servers.clone(), options.topic.clone(), options.until_end);
        let work = Arc::new(Work { options, function, at_once: Semaphore::new(EVENTS_AT_ONCE), tell });
        let group = Group::new(work, runtime.clone());
        let consumer: BaseConsumer<Group> = config.create_with_context(group).map_err(TopicError::Settings)?;
        let unreachable = servers.clone();
        let silent = |source| TopicError::Unreachable { servers: unreachable.clone(), source };
        let metadata = consumer.fetch_metadata(Some(&topic), ANSWER).map_err(silent)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions: Vec<i32> = found.iter().flat_map(|found| found.partitions()).map(|partition| partition.id()).collect();
        if partitions.is_empty() {
            return Err(TopicError::NoTopic { topic, servers });
        }
        let ends = until_end.then(|| Ends::of(&consumer, &topic, &partitions)).transpose().map_err(silent)?;
        consumer.subscribe(&[&topic]).map_err(TopicError::Consume)?;
        Ok(Feed { consumer, ends, runtime, looked: Instant::now() })
    }

    fn run(mut self, stop: &watch::Receiver<Stop>) -> Result<Ended, TopicError> {
        let end = loop {
            if self.ends.as_ref().is_some_and(Ends::are_reached) {
                break End::Finished;
            }
            if now(stop) != Stop::Go {
                break End::Stopped;
            }
            self.poll(true)?;
            self.look_after()?;
        };
        let abandoned = self.drain(stop)?;
        let held_up = self.consumer.context().held().lanes.values().any(|lane| lane.progress().held_up);
        self.commit_rest()?;
        let held = self.consumer.context().held();
        let committed = held.committed.iter().map(|(partition, offset)| (*partition, *offset)).collect();
        Ok(Ended { end, unfinished: abandoned || held_up, committed })
    }

    /// Serves librdkafka once; `taking` its message, or leaving that to whoever comes next.
    fn poll(&self, taking: bool) -> Result<(), TopicError> {
        let group = self.consumer.context();
        match self.consumer.poll(POLL) {
            None => Ok(()),
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                if self.ends.as_ref().is_some_and(|ends| ends.lies_behind(partition, offset)) {
                    group.held().at_end.insert(partition);
                } else if taking && group.take(&message) {
                    self.consumer.pause(&group.list([partition])).map_err(TopicError::Consume)?;
                }
                Ok(())
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                group.held().at_end.insert(partition);
                Ok(())
            }
            Some(Err(error)) if is_final(&error) => Err(TopicError::Consume(error)),
            Some(Err(error)) => {
                group.trouble(error.to_string());
                Ok(())
            }
        }
    }

    /// Lanes that failed end the feed; those that have room get more; what is done is committed every now and then.
    fn look_after(&mut self) -> Result<(), TopicError> {
        let group = self.consumer.context();
        let failed = group.held().lanes.extract_if(.., |_, lane| lane.task.is_finished()).next();
        if let Some((_, lane)) = failed {
            let ended = self.runtime.block_on(lane.task);
            return Err(ended.map_or(TopicError::Panicked, |ended| ended.err().map_or(TopicError::Panicked, TopicError::Function)));
        }
        let resumable = group.take_resumable();
        if !resumable.is_empty() {
            self.consumer.resume(&group.list(resumable)).map_err(TopicError::Consume)?;
        }
        if let Some(ends) = &mut self.ends {
            ends.reach_own(&group.held());
        }
        if self.looked.elapsed() < COMMIT_EVERY {
            return Ok(());
        }
        self.looked = Instant::now();
        let committed = match group.commit_new(&self.consumer) {
            Err(error) if is_while_changing(&error) => Ok(()),
            committed => committed,
        };
        let asked = self.ends.as_mut().map_or(Ok(()), |ends| ends.reach_committed(&self.consumer, &group.work.options.topic));
        if let Err(error) = committed.and(asked) {
            group.trouble(error.to_string());
        }
        Ok(())
    }

    /// Lets events in flight end; goes on polling, because the group may change meanwhile. Whether events had to be abandoned.
    fn drain(&self, stop: &watch::Receiver<Stop>) -> Result<bool, TopicError> {
        let group = self.consumer.context();
        for lane in group.held().lanes.values() {
            lane.stop();
        }
        let in_flight = || group.held().lanes.values().any(|lane| !lane.task.is_finished());
        while now(stop) != Stop::Now && in_flight() {
            self.poll(false)?;
        }
        let abandoned = in_flight();
        for lane in group.held().lanes.values() {
            lane.task.abort();
        }
        Ok(abandoned)
    }

    /// Commits what is left to commit; waits a while if the group is changing, which takes members that stop together by surprise.
    fn commit_rest(&self) -> Result<(), TopicError> {
        let until = Instant::now() + ANSWER;
        loop {
            match self.consumer.context().commit_new(&self.consumer) {
                Err(error) if is_while_changing(&error) && Instant::now() < until => self.poll(false)?,
                result => return result.map_err(TopicError::Commit),
            }
        }
    }
}

fn now(stop: &watch::Receiver<Stop>) -> Stop {
    if stop.has_changed().is_err() { Stop::Now } else { *stop.borrow() }
}

/// Errors that no waiting ends.
fn is_final(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed, UnknownTopicOrPartition,
    };
    let KafkaError::MessageConsumption(code) = error else { return matches!(error, KafkaError::MessageConsumptionFatal(_)) };
    [Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed, UnknownTopicOrPartition].contains(code)
}
