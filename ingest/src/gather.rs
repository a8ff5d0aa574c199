//! Items of concurrent requests gather in full `BatchWriteItem` calls: a request's items in, what became of them out.
//!
//! A group leaves once it has items for a whole call, or no other group is under way, or its first member has waited for the linger.
//! So a lone request does not wait, and many share calls. Each member is told of its own items alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tablefeed::mapping::Item;
use tablefeed::persist::Function;
use tablefeed::write::plan::MAX_PUTS;
use tablefeed::write::progress::Written;
use tablefeed::write::tally::Tally;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout_at};

use crate::metrics::Metrics;

/// How much later than its own end a member hears of a group that ended with it.
const SLACK: Duration = Duration::from_millis(20);
/// What a write gets even if no time is left, as for an event.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// Where items gather; cheap to clone.
#[derive(Debug, Clone)]
pub struct Gather(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    function: Arc<Function>,
    metrics: Arc<Metrics>,
    linger: Duration,
    group: Mutex<Group>,
}

/// The group that has not left.
#[derive(Debug, Default)]
struct Group {
    members: Vec<Member>,
    items: usize,
    /// How many groups have left, which tells one from the next.
    left: u64,
    under_way: usize,
}

#[derive(Debug)]
struct Member {
    items: Vec<Item>,
    until: Instant,
    told: oneshot::Sender<Written>,
}

impl Gather {
    pub fn new(function: Arc<Function>, metrics: Arc<Metrics>, linger: Duration) -> Gather {
        Gather(Arc::new(Shared { function, metrics, linger, group: Mutex::default() }))
    }

    /// Writes items, perhaps together with others', and returns at `until`, or a second later where no time was left.
    pub async fn write(&self, items: Vec<Item>, until: Instant) -> Written {
        let count = items.len();
        let (told, hears) = oneshot::channel();
        self.join(Member { items, until, told });
        let last = until.max(Instant::now() + LEAST_TIME) + SLACK;
        match timeout_at(last, hears).await {
            Ok(Ok(written)) => written,
            // The group goes on for others, or has failed altogether: it was tried, but nothing is known to be written.
            Ok(Err(_)) | Err(_) => Written { tally: Tally { calls: 1, ..Tally::default() }, ..Written::unfinished(count) },
        }
    }

    fn join(&self, member: Member) {
        let mut group = self.group();
        group.items += member.items.len();
        group.members.push(member);
        if group.items >= MAX_PUTS {
            self.leave(&mut group);
        } else if group.members.len() == 1 {
            let is_alone = group.under_way == 0;
            tokio::spawn(self.clone().leave_later(group.left, is_alone));
        }
    }

    /// Sends a group on its way, if it has not left: at once if it is alone, but behind the requests that have come already.
    async fn leave_later(self, number: u64, is_alone: bool) {
        if is_alone {
            yield_now().await;
        } else {
            sleep(self.0.linger).await;
        }
        let mut group = self.group();
        if group.left == number {
            self.leave(&mut group);
        }
    }

    fn leave(&self, group: &mut Group) {
        let members = std::mem::take(&mut group.members);
        group.items = 0;
        group.left += 1;
        group.under_way += 1;
        tokio::spawn(Leaving(self.clone()).write(members));
    }

    fn group(&self) -> MutexGuard<'_, Group> {
        self.0.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group under way; when it ends, however it ends, the next one need not linger.
struct Leaving(Gather);

impl Leaving {
    async fn write(self, members: Vec<Member>) {
        let Shared { function, metrics, .. } = &*self.0.0;
        let Some(until) = members.iter().map(|member| member.until).max() else { return };
        let (mut items, mut ends) = (Vec::new(), Vec::new());
        for Member { items: own, told, .. } in members {
            items.extend(own);
            ends.push((items.len(), told));
        }
        let mut written = function.write_items(&items, until).await;
        metrics.written(&written);
        let mut fates = std::mem::take(&mut written.fates).into_iter();
        let mut begin = 0;
        for (end, told) in ends {
            let own = fates.by_ref().take(end - begin).collect();
            begin = end;
            let of_group = Written { fates: own, systemic: written.systemic.clone(), tally: written.tally.clone() };
            // Who gave up has answered already.
            drop(told.send(of_group));
        }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut group = self.0.group();
        group.under_way -= 1;
        if group.under_way == 0 && !group.members.is_empty() {
            self.0.leave(&mut group);
        }
    }
}
