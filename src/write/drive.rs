//! The retry loop of everything that is sent in parts: jobs in, each sent until it is settled or time is up.
//!
//! Jobs start in their order; a bounded number is under way, fewer while the service throttles. What is left when time is up was
//! simply never settled: whoever asked sees it in its own account.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until, timeout_at};

const FIRST_BACKOFF: Duration = Duration::from_millis(25);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// What the very first job gets even if no time is left, so that every invocation makes some headway.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// One thing to send.
#[derive(Debug, PartialEq, Eq)]
pub struct Job<T> {
    pub work: T,
    /// How often it was tried in vain since it last made headway; the wait before the next try grows with it.
    pub attempt: u32,
}

impl<T> Job<T> {
    pub fn new(work: T) -> Self {
        Job { work, attempt: 0 }
    }
}

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled<T> {
    /// To be sent next, in this order.
    pub again: Vec<Job<T>>,
    /// The service asked for fewer calls.
    pub throttled: bool,
    /// Nothing more is to be started.
    pub stop: bool,
}

impl<T> Settled<T> {
    pub fn done() -> Self {
        Settled::again(Vec::new())
    }

    pub fn again(again: Vec<Job<T>>) -> Self {
        Settled { again, throttled: false, stop: false }
    }
}

/// Sends `jobs`, at most `concurrency` at once, until each is settled, one of them says stop, or `until` has come.
///
/// `send` makes a call for a job from `state`; it is begun after the wait that the job's attempts ask for. `settle` enters its
/// answer into `state`.
pub async fn drive<S, T, A, Call: Future<Output = A>>(
    state: &mut S,
    jobs: impl IntoIterator<Item = T>,
    concurrency: usize,
    until: Instant,
    send: impl Fn(&mut S, &T) -> Call,
    settle: impl Fn(&mut S, Job<T>, A) -> Settled<T>,
) {
    let mut waiting: VecDeque<Job<T>> = jobs.into_iter().map(Job::new).collect();
    let mut under_way = FuturesUnordered::new();
    let mut window = concurrency.max(1);
    let mut limit = until.max(Instant::now() + LEAST_TIME);
    let mut stopped = false;
    loop {
        while !stopped && under_way.len() < window {
            let Some(job) = waiting.pop_front() else { break };
            let at = Instant::now() + backoff(job.attempt, fastrand::f64());
            if at < limit {
                let call = send(state, &job.work);
                under_way.push(attempt(job, at, call, limit));
            }
            limit = until;
        }
        let Some(answered) = under_way.next().await else { return };
        let Some((job, answer)) = answered else { continue };
        let settled = settle(state, job, answer);
        stopped |= settled.stop;
        window = if settled.throttled { (window / 2).max(1) } else { (window + 1).min(concurrency.max(1)) };
        for job in settled.again.into_iter().rev() {
            waiting.push_front(job);
        }
    }
}

/// Begins `call` at `at`. `None` if no answer came until `limit`.
async fn attempt<T, A>(job: Job<T>, at: Instant, call: impl Future<Output = A>, limit: Instant) -> Option<(Job<T>, A)> {
    if job.attempt > 0 {
        sleep_until(at).await;
    }
    let answer = timeout_at(limit, call).await.ok()?;
    Some((job, answer))
}

/// Nothing at first, then exponential in `attempt` and capped; `jitter` in 0..1 decides between half and all of it.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    if attempt == 0 {
        return Duration::ZERO;
    }
    let full = FIRST_BACKOFF.saturating_mul(1 << (attempt - 1).min(16)).min(MAX_BACKOFF);
    full.mul_f64(f64::midpoint(1.0, jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_is_capped_and_jittered() {
        assert_eq!(backoff(1, 0.0), FIRST_BACKOFF / 2);
        assert_eq!(backoff(1, 1.0), FIRST_BACKOFF);
        assert_eq!(backoff(3, 1.0), FIRST_BACKOFF * 4);
        assert_eq!(backoff(u32::MAX, 1.0), MAX_BACKOFF);
    }

    /// How often each job was sent, and how many were under way at most.
    #[derive(Default)]
    struct Seen {
        sent: Vec<u32>,
        most: usize,
        settled: usize,
    }

    impl Seen {
        #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that `drive` asks for")]
        fn call(&mut self, work: &u32) -> impl Future<Output = ()> + use<> {
            self.sent.push(*work);
            self.most = self.most.max(self.sent.len() - self.settled);
            tokio::time::sleep(Duration::from_millis(5))
        }
    }

    fn done(seen: &mut Seen, _: Job<u32>, (): ()) -> Settled<u32> {
        seen.settled += 1;
        Settled::done()
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_start_in_order_and_the_window_is_kept() {
        let mut seen = Seen::default();
        drive(&mut seen, 0..10, 3, Instant::now() + Duration::from_secs(9), Seen::call, done).await;
        assert_eq!(seen.sent, (0..10).collect::<Vec<_>>());
        assert_eq!(seen.most, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_job_is_tried_even_when_no_time_is_left_and_no_other() {
        let mut seen = Seen::default();
        let past = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        drive(&mut seen, 0..3, 1, past, Seen::call, done).await;
        assert_eq!(seen.sent, [0]);
        assert_eq!(seen.settled, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unlucky_job_is_tried_until_time_is_up() {
        let mut seen = Seen::default();
        let begin = Instant::now();
        let again = |_: &mut Seen, job: Job<u32>, ()| Settled {
            again: vec![Job { attempt: job.attempt + 1, ..job }],
            throttled: true,
            stop: false,
        };
        drive(&mut seen, [7], 4, begin + Duration::from_secs(10), Seen::call, again).await;
        assert!(seen.sent.len() > 8, "{}", seen.sent.len());
        assert!(begin.elapsed() <= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn stop_starts_nothing_more() {
        let mut seen = Seen::default();
        let stop = |_: &mut Seen, _: Job<u32>, ()| Settled { stop: true, ..Settled::done() };
        drive(&mut seen, 0..10, 2, Instant::now() + Duration::from_secs(9), Seen::call, stop).await;
        assert_eq!(seen.sent.len(), 2);
    }
}
