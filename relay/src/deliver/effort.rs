//! How often records are tried, and how the refused one among them is found. Pure.
//!
//! A batch has all attempts first. When they are used up, halves of it are tried, once each, until a single record is left; that one has all attempts
//! by itself, and only then it is given up. The records around it are delivered on the way, in order.

/// What is next after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another try, with the size that [`Effort::size`] says.
    Again,
    /// The first record is given up.
    Letter,
}

/// The tries of a batch.
#[derive(Debug)]
pub struct Effort {
    /// None: for ever.
    max_attempts: Option<u32>,
    /// So many of the first records hold a refused one; 0 while nothing is suspected.
    suspects: usize,
    /// Failures in a row of what is tried now.
    failures: u32,
}

impl Effort {
    pub fn new(max_attempts: Option<u32>) -> Effort {
        Effort { max_attempts, suspects: 0, failures: 0 }
    }

    /// How many of the first records to try, where `fitting` would fit into a body.
    pub fn size(&self, fitting: usize) -> usize {
        match self.suspects {
            0 => fitting,
            1 => fitting.min(1),
            suspects => fitting.min(suspects / 2),
        }
    }

    /// Failures in a row of what is tried now.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The first `size` records are delivered.
    pub fn succeeded(&mut self, size: usize) {
        self.suspects = self.suspects.saturating_sub(size);
        self.failures = 0;
    }

    /// The first `size` records were tried in vain.
    pub fn failed(&mut self, size: usize) -> Next {
        self.failures = self.failures.saturating_add(1);
        let Some(max_attempts) = self.max_attempts else { return Next::Again };
        let narrowing = self.suspects > 0 && size > 1;
        if !narrowing && self.failures < max_attempts {
            return Next::Again;
        }
        if size <= 1 {
            self.suspects = 0;
            self.failures = 0;
            return Next::Letter;
        }
        self.suspects = size;
        // What is tried next was not tried by itself.
        if narrowing || self.failures >= max_attempts {
            self.failures = 0;
        }
        Next::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Delivers `0..count`, of which some are refused whenever they are in a try: what was delivered, what was given up, and the tries.
    fn run(count: usize, refused: &[usize], max_attempts: u32) -> (Vec<usize>, Vec<usize>, u32) {
        let mut effort = Effort::new(Some(max_attempts));
        let (mut first, mut delivered, mut letters, mut tries) = (0, Vec::new(), Vec::new(), 0);
        while first < count {
            let size = effort.size(count - first);
            let tried = first..first + size;
            tries += 1;
            assert!(size > 0 && tries < 100_000);
            if !refused.iter().any(|record| tried.contains(record)) {
                effort.succeeded(size);
                delivered.extend(tried);
                first += size;
            } else if effort.failed(size) == Next::Letter {
                letters.push(first);
                first += 1;
            }
        }
        (delivered, letters, tries)
    }

    #[test]
    fn the_refused_record_is_found_and_the_others_arrive_in_order() {
        let (delivered, letters, tries) = run(8, &[5], 3);
        assert_eq!((delivered, letters), (vec![0, 1, 2, 3, 4, 6, 7], vec![5]));
        // [0..8] three times, [0..4] taken, [4..6] refused, [4] taken, [5] three times, [6..8] taken.
        assert_eq!(tries, 3 + 1 + 1 + 1 + 3 + 1);
        assert_eq!(run(1, &[0], 1), (vec![], vec![0], 1));
    }

    #[test]
    fn without_a_limit_nothing_is_given_up_or_split() {
        let mut effort = Effort::new(None);
        for _ in 0..1000 {
            assert_eq!((effort.size(7), effort.failed(7)), (7, Next::Again));
        }
        assert_eq!(effort.failures(), 1000);
        effort.succeeded(7);
        assert_eq!(effort.failures(), 0);
    }

    proptest! {
        #[test]
        fn exactly_the_refused_records_are_given_up(
            count in 1usize..40,
            refused in proptest::collection::btree_set(0usize..40, 0..6),
            max_attempts in 1u32..5,
        ) {
            let refused: Vec<usize> = refused.into_iter().filter(|record| *record < count).collect();
            let (delivered, letters, _) = run(count, &refused, max_attempts);
            prop_assert_eq!(&letters, &refused);
            prop_assert_eq!(delivered, (0..count).filter(|record| !refused.contains(record)).collect::<Vec<_>>());
        }
    }
}
