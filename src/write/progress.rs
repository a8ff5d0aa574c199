//! What became of the items while their requests are answered. Pure: answers in, follow-up requests and fates out.

use super::drive::{Job, Settled};
use super::fault::Fault;
use super::plan::Slot;
use super::tally::Tally;

/// After this many items were tried one by one, all refused with one error, the error is nobody's item's.
const SYSTEMIC_SINGLES: u32 = 10;

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Not known to be written.
    Unfinished,
    Persisted,
    /// A later one with its key was persisted.
    Superseded,
    /// The table holds something different under its key, which was not to be replaced.
    Conflict,
    /// The table refused it, with this error.
    Refused(String),
}

/// The table's answer to one request.
#[derive(Debug)]
pub enum Answer {
    /// Written, but for the slots of these places in the request.
    Written {
        unprocessed: Vec<usize>,
        /// Write capacity units that it took.
        units: f64,
    },
    /// Not written: the table holds a newer item.
    Newer,
    /// Not written: the table holds another item.
    Conflict,
    Failed(Fault),
}

/// What came of writing an event's items.
#[derive(Debug, Default)]
pub struct Written {
    /// By position in the items.
    pub fates: Vec<Fate>,
    /// Why writing stopped early, if nobody's item was at fault.
    pub systemic: Option<String>,
    pub tally: Tally,
}

impl Written {
    /// Of items that were not sent.
    pub fn unfinished(items: usize) -> Written {
        Written { fates: vec![Fate::Unfinished; items], ..Written::default() }
    }
}

/// The account of one event's items while they are written.
#[derive(Debug)]
pub struct Progress {
    slots: Vec<Slot>,
    fates: Vec<Fate>,
    /// By slot: requests that held it and failed for a while.
    tries: Vec<u32>,
    /// After so many it is left unfinished.
    most_tries: u32,
    systemic: Option<String>,
    pub tally: Tally,
    singles: Singles,
}

/// Items that were tried one by one.
#[derive(Debug, Default)]
struct Singles {
    refused: u32,
    /// The first one's error.
    error: Option<String>,
    /// One was written, or refused with another error.
    mixed: bool,
}

impl Progress {
    /// `items` is the number of items that the slots count; `most_tries` how often one is sent at most, as long as the table does not
    /// refuse it.
    pub fn new(slots: Vec<Slot>, items: usize, most_tries: u32) -> Self {
        Progress {
            tries: vec![0; slots.len()],
            most_tries,
            slots,
            fates: vec![Fate::Unfinished; items],
            systemic: None,
            tally: Tally::default(),
            singles: Singles::default(),
        }
    }

    /// The position of the item that stands for a slot now.
    pub fn item(&self, slot: usize) -> usize {
        self.slots[slot].winner
    }

    /// Takes the answer to a request, which is a list of slots.
    pub fn settle(&mut self, request: Job<Vec<usize>>, answer: Answer) -> Settled<Vec<usize>> {
        match answer {
            Answer::Written { unprocessed, units } => {
                self.tally.units += units;
                self.written(&request, &unprocessed)
            }
            Answer::Newer => self.left_alone(&request.work, &Fate::Superseded),
            Answer::Conflict => self.left_alone(&request.work, &Fate::Conflict),
            Answer::Failed(Fault::Throttled(reasons)) => {
                self.tally.throttled(reasons);
                Settled { throttled: true, ..self.again(request.work, request.attempt + 1) }
            }
            Answer::Failed(Fault::Transient(cause)) => {
                self.tally.trouble = Some(cause);
                self.again(request.work, request.attempt + 1)
            }
            Answer::Failed(Fault::Refused { code, message }) => self.refused(&request.work, &code, &message),
            Answer::Failed(Fault::Systemic(cause)) => self.stop(cause),
        }
    }

    /// Ends the account.
    pub fn finish(self) -> Written {
        Written { fates: self.fates, systemic: self.systemic, tally: self.tally }
    }

    fn again(&mut self, mut slots: Vec<usize>, attempt: u32) -> Settled<Vec<usize>> {
        slots.retain(|&slot| {
            self.tries[slot] += 1;
            self.tries[slot] < self.most_tries
        });
        if slots.is_empty() {
            return Settled::done();
        }
        self.tally.retries += 1;
        Settled::again(vec![Job { work: slots, attempt }])
    }

    fn stop(&mut self, cause: String) -> Settled<Vec<usize>> {
        self.systemic.get_or_insert(cause);
        Settled { stop: true, ..Settled::done() }
    }

    fn written(&mut self, request: &Job<Vec<usize>>, unprocessed: &[usize]) -> Settled<Vec<usize>> {
        let mut left = Vec::new();
        for (place, &slot) in request.work.iter().enumerate() {
            if unprocessed.contains(&place) {
                left.push(slot);
            } else {
                self.persisted(slot);
            }
        }
        if request.work.len() == 1 && left.is_empty() {
            self.singles.mixed = true;
        }
        if left.is_empty() {
            return Settled::done();
        }
        self.tally.throttled([]);
        let attempt = if left.len() < request.work.len() { 1 } else { request.attempt + 1 };
        Settled { throttled: true, ..self.again(left, attempt) }
    }

    /// The table keeps what it has, for all documents of these keys.
    fn left_alone(&mut self, slots: &[usize], fate: &Fate) -> Settled<Vec<usize>> {
        self.singles.mixed = true;
        for &slot in slots {
            let slot = &mut self.slots[slot];
            self.fates[slot.winner] = fate.clone();
            for earlier in slot.earlier.drain(..) {
                self.fates[earlier] = fate.clone();
            }
        }
        Settled::done()
    }

    fn persisted(&mut self, slot: usize) {
        let slot = &mut self.slots[slot];
        self.fates[slot.winner] = Fate::Persisted;
        for earlier in slot.earlier.drain(..) {
            self.fates[earlier] = Fate::Superseded;
        }
    }

    fn refused(&mut self, slots: &[usize], code: &str, message: &str) -> Settled<Vec<usize>> {
        let error = format!("{code}: {message}");
        if names_key_schema(message) {
            return self.stop(format!("the table's key is not the mapping's: {error}"));
        }
        let &[slot] = slots else {
            let (left, right) = slots.split_at(slots.len() / 2);
            return Settled::again(vec![Job::new(left.to_vec()), Job::new(right.to_vec())]);
        };
        self.singles.count(&error);
        let slot_state = &mut self.slots[slot];
        self.fates[slot_state.winner] = Fate::Refused(error);
        if let Some(cause) = self.singles.systemic() {
            return self.every_item_refused(&cause);
        }
        // The latest of the documents that waited behind the refused one is written in its place.
        match slot_state.earlier.pop() {
            Some(next) => {
                slot_state.winner = next;
                Settled::again(vec![Job::new(vec![slot])])
            }
            None => Settled::done(),
        }
    }

    /// An error that every item gets is not the items' fault: those that got it are unfinished again.
    fn every_item_refused(&mut self, cause: &str) -> Settled<Vec<usize>> {
        for fate in &mut self.fates {
            if matches!(fate, Fate::Refused(_)) {
                *fate = Fate::Unfinished;
            }
        }
        self.stop(format!("the table refuses every item: {cause}"))
    }
}

impl Singles {
    fn count(&mut self, error: &str) {
        self.refused += 1;
        match &self.error {
            None => self.error = Some(error.to_owned()),
            Some(first) => self.mixed |= first != error,
        }
    }

    fn systemic(&self) -> Option<String> {
        if self.refused >= SYSTEMIC_SINGLES && !self.mixed { self.error.clone() } else { None }
    }
}

/// Whether a refusal says that the item's key is not the table's. Every item has the key that its mapping declares, so such a
/// refusal is true of all of them. An index key is another matter: one item may have the wrong type there.
fn names_key_schema(message: &str) -> bool {
    message.contains("does not match the schema") || message.contains("Missing the key") || message.contains("Type mismatch for key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(count: usize) -> Vec<Slot> {
        (0..count).map(|winner| Slot { winner, earlier: Vec::new() }).collect()
    }

    fn refusal(message: &str) -> Answer {
        Answer::Failed(Fault::Refused { code: "ValidationException".to_owned(), message: message.to_owned() })
    }

    /// Answers every request by `table` until nothing is left; `table` sees the items of a request.
    fn run(progress: &mut Progress, first: Vec<usize>, table: impl Fn(&[usize]) -> Answer) {
        let mut jobs = vec![Job::new(first)];
        while let Some(job) = jobs.pop() {
            let items: Vec<usize> = job.work.iter().map(|&slot| progress.item(slot)).collect();
            let settled = progress.settle(job, table(&items));
            if settled.stop {
                return;
            }
            jobs.extend(settled.again.into_iter().rev());
        }
    }

    #[test]
    fn one_refused_item_never_fails_the_others() {
        let mut progress = Progress::new(slots(25), 25, u32::MAX);
        run(&mut progress, (0..25).collect(), |items| {
            if items.contains(&7) { refusal("bad") } else { Answer::Written { unprocessed: vec![], units: 0.0 } }
        });
        let refused: Vec<usize> = (0..25).filter(|&item| progress.fates[item] != Fate::Persisted).collect();
        assert_eq!(refused, [7]);
        assert_eq!(progress.fates[7], Fate::Refused("ValidationException: bad".to_owned()));
        assert_eq!(progress.systemic, None);
    }

    #[test]
    fn unprocessed_items_are_sent_again_and_the_others_are_done() {
        let mut progress = Progress::new(slots(3), 3, u32::MAX);
        let settled = progress.settle(Job::new(vec![0, 1, 2]), Answer::Written { unprocessed: vec![1], units: 0.0 });
        assert_eq!(settled, Settled { again: vec![Job { work: vec![1], attempt: 1 }], throttled: true, stop: false });
        assert_eq!(progress.fates, [Fate::Persisted, Fate::Unfinished, Fate::Persisted]);
    }

    #[test]
    fn a_request_of_which_nothing_was_accepted_waits_longer_each_time() {
        let mut progress = Progress::new(slots(2), 2, u32::MAX);
        let settled = progress.settle(Job { work: vec![0, 1], attempt: 4 }, Answer::Written { unprocessed: vec![0, 1], units: 0.0 });
        assert_eq!(settled.again, [Job { work: vec![0, 1], attempt: 5 }]);
    }

    #[test]
    fn what_was_tried_as_often_as_allowed_is_left_unfinished() {
        let mut progress = Progress::new(slots(3), 3, 2);
        let first = progress.settle(Job::new(vec![0, 1, 2]), Answer::Written { unprocessed: vec![1, 2], units: 0.0 });
        assert_eq!(first.again, [Job { work: vec![1, 2], attempt: 1 }]);
        let second = progress.settle(Job { work: vec![1, 2], attempt: 1 }, Answer::Failed(Fault::Transient(String::new())));
        assert_eq!(second, Settled::done());
        assert_eq!(progress.fates, [Fate::Persisted, Fate::Unfinished, Fate::Unfinished]);
        assert_eq!(progress.finish().tally.retries, 1);
    }

    #[test]
    fn superseded_only_once_the_winner_is_persisted() {
        let mut progress = Progress::new(vec![Slot { winner: 2, earlier: vec![0, 1] }], 3, u32::MAX);
        assert_eq!(progress.fates, [Fate::Unfinished, Fate::Unfinished, Fate::Unfinished]);
        run(&mut progress, vec![0], |_| Answer::Written { unprocessed: vec![], units: 0.0 });
        assert_eq!(progress.fates, [Fate::Superseded, Fate::Superseded, Fate::Persisted]);
    }

    #[test]
    fn the_latest_remaining_document_replaces_a_refused_winner() {
        let mut progress = Progress::new(vec![Slot { winner: 2, earlier: vec![0, 1] }], 3, u32::MAX);
        run(
            &mut progress,
            vec![0],
            |items| if items == [2] { refusal("bad") } else { Answer::Written { unprocessed: vec![], units: 0.0 } },
        );
        assert_eq!(progress.fates, [Fate::Superseded, Fate::Persisted, Fate::Refused("ValidationException: bad".to_owned())]);
    }

    #[test]
    fn a_refusal_that_names_the_key_schema_is_systemic_at_once() {
        let mut progress = Progress::new(slots(25), 25, u32::MAX);
        run(&mut progress, (0..25).collect(), |_| refusal("The provided key element does not match the schema"));
        assert!(progress.systemic.is_some());
        assert!(progress.fates.iter().all(|fate| *fate == Fate::Unfinished));
    }

    #[test]
    fn an_index_keys_type_is_the_items_fault() {
        let mut progress = Progress::new(slots(1), 1, u32::MAX);
        run(&mut progress, vec![0], |_| refusal("One or more parameter values were invalid: Type mismatch for Index Key a Expected: S"));
        assert!(matches!(progress.fates[0], Fate::Refused(_)));
    }

    #[test]
    fn ten_items_refused_one_by_one_with_one_error_are_systemic() {
        let mut progress = Progress::new(slots(25), 25, u32::MAX);
        run(&mut progress, (0..25).collect(), |_| refusal("no"));
        assert_eq!(progress.systemic.as_deref(), Some("the table refuses every item: ValidationException: no"));
        assert!(progress.fates.iter().all(|fate| *fate == Fate::Unfinished));
    }

    #[test]
    fn nine_refused_items_or_ten_with_different_errors_are_not() {
        let mut nine = Progress::new(slots(9), 9, u32::MAX);
        run(&mut nine, (0..9).collect(), |_| refusal("no"));
        assert_eq!(nine.systemic, None);
        let mut mixed = Progress::new(slots(25), 25, u32::MAX);
        run(&mut mixed, (0..25).collect(), |items| refusal(if items[0] % 2 == 0 { "even" } else { "odd" }));
        assert_eq!(mixed.systemic, None);
        assert!(mixed.fates.iter().all(|fate| matches!(fate, Fate::Refused(_))));
    }
}
