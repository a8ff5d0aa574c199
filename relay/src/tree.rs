//! The shard tree of a stream: listings in, in whatever state they come; out, the shards that a subscription may read now.
//!
//! A listing may lack shards for a while, or be an old one; what was once listed stays known.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Sequence;

/// A shard as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    pub id: String,
    pub parent: Option<String>,
    /// Nothing is written to it any more.
    pub closed: bool,
    /// The lowest number that a record of it may have, if that is known.
    pub start: Option<Sequence>,
}

impl Shard {
    /// One of which nothing is known but that it exists, or did.
    pub fn unlisted(id: &str) -> Shard {
        Shard { id: id.to_owned(), parent: None, closed: false, start: None }
    }
}

/// All shards that are known of one stream.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    shards: BTreeMap<String, Shard>,
    /// Shards that were read from already, so that their parents are done with.
    begun: BTreeSet<String>,
}

impl Tree {
    /// Takes a listing in; true if it told something new.
    pub fn merge(&mut self, listing: &[Shard]) -> bool {
        let mut news = false;
        for shard in listing {
            match self.shards.get_mut(&shard.id) {
                None => {
                    self.shards.insert(shard.id.clone(), shard.clone());
                    news = true;
                }
                Some(known) => {
                    news |= shard.closed && !known.closed;
                    known.closed |= shard.closed;
                    if known.parent.is_none() {
                        known.parent.clone_from(&shard.parent);
                    }
                    // A listing may tell the oldest record that is left; the shard began where it was first said to.
                    known.start = [known.start.take(), shard.start.clone()].into_iter().flatten().min();
                }
            }
        }
        news
    }

    /// A shard that was read from before, whether or not it is listed.
    pub fn begun(&mut self, id: &str) {
        self.merge(&[Shard::unlisted(id)]);
        self.begun.insert(id.to_owned());
    }

    /// The shards whose parents are read to their end, and that are not themselves.
    pub fn readable(&self, ended: &BTreeSet<String>) -> Vec<String> {
        let may = |shard: &&Shard| {
            let after = shard.parent.as_ref().is_none_or(|parent| ended.contains(parent));
            !ended.contains(&shard.id) && (after || self.begun.contains(&shard.id))
        };
        self.shards.values().filter(may).map(|shard| shard.id.clone()).collect()
    }

    /// Parents that are waited for, and that no listing had: they are to be probed.
    pub fn unknown(&self, ended: &BTreeSet<String>) -> BTreeSet<String> {
        let waiting = |shard: &&Shard| !ended.contains(&shard.id) && !self.begun.contains(&shard.id);
        let parents = self.shards.values().filter(waiting).filter_map(|shard| shard.parent.clone());
        parents.filter(|id| !self.shards.contains_key(id) && !ended.contains(id)).collect()
    }

    /// Shards that a listing lacked until their descendants were done with: nothing is to be read in them any more.
    pub fn overtaken(&self, ended: &BTreeSet<String>) -> Vec<String> {
        let mut done = ended.clone();
        let mut found = Vec::new();
        loop {
            let parents = self.shards.values().filter(|shard| done.contains(&shard.id)).filter_map(|shard| shard.parent.as_ref());
            let more: Vec<String> = parents.filter(|id| self.shards.contains_key(*id) && !done.contains(*id)).cloned().collect();
            if more.is_empty() {
                return found;
            }
            done.extend(more.iter().cloned());
            found.extend(more);
        }
    }

    /// The lowest number that a record of a shard may have, if that is known.
    pub fn start(&self, id: &str) -> Option<Sequence> {
        self.shards.get(id).and_then(|shard| shard.start.clone())
    }

    /// Whether all that is known is read to its end.
    pub fn finished(&self, ended: &BTreeSet<String>) -> bool {
        self.unfinished(ended).is_empty()
    }

    /// The shards that are not read to their end.
    pub fn unfinished(&self, ended: &BTreeSet<String>) -> Vec<String> {
        self.shards.keys().filter(|id| !ended.contains(*id)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parent: &str, closed: bool) -> Shard {
        Shard { id: id.to_owned(), parent: (!parent.is_empty()).then(|| parent.to_owned()), closed, start: None }
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_child_waits_for_its_parents_end() {
        let mut tree = Tree::default();
        tree.merge(&[shard("a", "", true), shard("b", "a", false), shard("c", "a", false)]);
        assert_eq!(tree.readable(&set(&[])), ["a"]);
        assert_eq!(tree.readable(&set(&["a"])), ["b", "c"]);
    }

    #[test]
    fn a_child_of_an_unlisted_parent_waits_until_it_is_listed_or_done_with() {
        let mut tree = Tree::default();
        tree.merge(&[shard("b", "a", false)]);
        assert!(tree.readable(&set(&[])).is_empty() && tree.unknown(&set(&[])) == set(&["a"]));
        let mut listed = tree.clone();
        listed.merge(&[shard("a", "", true)]);
        assert_eq!((listed.readable(&set(&[])), listed.unknown(&set(&[]))), (vec!["a".to_owned()], set(&[])));
        assert_eq!((tree.readable(&set(&["a"])), tree.unknown(&set(&["a"]))), (vec!["b".to_owned()], set(&[])));
    }

    #[test]
    fn a_shard_that_was_read_from_is_known_without_a_listing_and_waits_for_no_parent() {
        let mut tree = Tree::default();
        tree.begun("b");
        assert_eq!((tree.readable(&set(&[])), tree.unfinished(&set(&[]))), (vec!["b".to_owned()], vec!["b".to_owned()]));
        tree.merge(&[shard("b", "a", true)]);
        assert!(tree.readable(&set(&[])) == ["b"] && tree.unknown(&set(&[])).is_empty());
    }

    #[test]
    fn an_ancestor_that_is_listed_late_is_not_read_behind_its_descendants() {
        let mut tree = Tree::default();
        tree.merge(&[shard("d", "c", false), shard("c", "b", true), shard("a", "", true)]);
        assert!(tree.overtaken(&set(&["c"])).is_empty());
        tree.merge(&[shard("b", "a", true)]);
        assert_eq!(tree.overtaken(&set(&["c"])), ["b", "a"]);
        assert!(tree.overtaken(&set(&["a", "b", "c"])).is_empty());
    }

    #[test]
    fn an_old_listing_takes_nothing_back() {
        let mut tree = Tree::default();
        assert!(tree.merge(&[shard("a", "", true), shard("b", "a", false)]));
        assert!(!tree.merge(&[shard("a", "", false)]));
        assert!(!tree.finished(&set(&["a"])) && tree.finished(&set(&["a", "b"])));
    }

    #[test]
    fn a_shard_began_at_the_lowest_number_that_it_was_ever_listed_with() {
        let (mut tree, at) = (Tree::default(), |number| Shard { start: Sequence::parse(number), ..shard("a", "", false) });
        for (listed, known) in [("100", "100"), ("99", "99"), ("101", "99")] {
            tree.merge(&[at(listed)]);
            assert_eq!(tree.start("a"), Sequence::parse(known));
        }
        tree.merge(&[shard("a", "", true)]);
        assert_eq!(tree.start("a"), Sequence::parse("99"));
    }
}
