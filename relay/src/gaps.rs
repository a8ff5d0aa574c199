//! The gaps of one subscription: stretches of a stream that were trimmed before they were read. Pure.

use serde::{Deserialize, Serialize};

use crate::state::Gap;

/// So many are kept; of older ones, how many there were.
const KEPT: usize = 100;

/// Those that are kept, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    pub kept: Vec<Gap>,
    /// How many older ones are no longer kept.
    pub forgotten: u64,
}

impl Gaps {
    /// Takes a gap in. One that begins where a known one does takes its place: more is known of it now.
    pub fn tell(&mut self, gap: Gap) {
        let same = |known: &&mut Gap| (&known.stream, &known.shard, &known.after) == (&gap.stream, &gap.shard, &gap.after);
        if let Some(known) = self.kept.iter_mut().find(same) {
            *known = gap;
            return;
        }
        self.kept.push(gap);
        if self.kept.len() > KEPT {
            self.kept.remove(0);
            self.forgotten += 1;
        }
    }

    /// All that were told.
    pub fn count(&self) -> u64 {
        self.kept.len() as u64 + self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(after: &str, before: Option<&str>) -> Gap {
        let text = str::to_owned;
        Gap { stream: text("arn"), shard: text("a"), after: Some(text(after)), before: before.map(text) }
    }

    #[test]
    fn a_gap_is_told_once_and_closed_by_what_was_read_behind_it() {
        let mut gaps = Gaps::default();
        for told in [gap("1", None), gap("7", None), gap("1", None), gap("1", Some("5"))] {
            gaps.tell(told);
        }
        assert_eq!(gaps.kept, [gap("1", Some("5")), gap("7", None)]);
    }

    #[test]
    fn the_newest_are_kept_and_the_others_counted() {
        let mut gaps = Gaps::default();
        for number in 0..KEPT + 3 {
            gaps.tell(gap(&number.to_string(), None));
        }
        assert_eq!((gaps.kept.len(), gaps.forgotten, gaps.count()), (KEPT, 3, KEPT as u64 + 3));
        assert_eq!(gaps.kept[0].after.as_deref(), Some("3"));
    }
}
