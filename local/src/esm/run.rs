//! A whole history at once: a handler and a virtual clock in, what happened out. Never sleeps.

use super::answer::Answer;
use super::clock::Clock;
use super::discarded::Discarded;
use super::machine::{Delivery, Esm, Step};
use super::source::OnFailure;

/// What a history came to.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Summary {
    pub invocations: u64,
    /// Invocations with records that had been delivered before.
    pub retries: u64,
    /// Records delivered, each as often as it was.
    pub delivered: u64,
    /// Records given up without a destination.
    pub dropped: usize,
    /// What the on-failure destination received, in the order of time.
    pub discarded: Vec<Discarded>,
}

impl Esm {
    /// Delivers until every record is done or discarded, one invocation at a time, and advances the clock over all waiting.
    ///
    /// Without limits for attempts or age it does not end while the handler keeps failing. A delivery that was taken by
    /// [`Esm::next`] before and is not completed keeps its lane closed; the run ends without that lane's records.
    pub async fn run(&mut self, mut handler: impl AsyncFnMut(&Delivery) -> Answer, clock: &Clock) -> Summary {
        let mut summary = Summary::default();
        loop {
            let discarded = match self.next(clock.now()) {
                Step::Deliver(delivery) => {
                    summary.invocations += 1;
                    summary.retries += u64::from(delivery.redelivered);
                    summary.delivered += delivery.records as u64;
                    let answer = handler(&delivery).await;
                    self.complete(delivery, &answer, clock.now())
                }
                Step::Discard(discarded) => Some(*discarded),
                Step::Wait(until) => {
                    clock.advance_to(until);
                    None
                }
                Step::Busy | Step::Idle => return summary,
            };
            match (discarded, self.source().on_failure) {
                (None, _) => {}
                (Some(discarded), OnFailure::Drop) => summary.dropped += discarded.batch.batch_size,
                (Some(discarded), OnFailure::Metadata | OnFailure::Whole) => summary.discarded.push(discarded),
            }
        }
    }
}
