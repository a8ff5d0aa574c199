//! The shard tree of a stream: listings in, in whatever state they come; out, the shards that a subscription may read now.
//!
//! A listing may lack shards for a while, or be an old one; what was once listed stays known.

use std::collections::{BTreeMap, BTreeSet};

/// A shard as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    pub id: String,
    pub parent: Option<String>,
    /// Nothing is written to it any more.
    pub closed: bool,
}

/// All shards that are known of one stream.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    shards: BTreeMap<String, Shard>,
    /// Parents that no longer exist.
    gone: BTreeSet<String>,
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
                }
            }
        }
        news
    }

    /// The shards whose parents are read to their end, or gone, and that are not themselves.
    pub fn readable(&self, ended: &BTreeSet<String>) -> Vec<String> {
        let may = |shard: &&Shard| {
            !ended.contains(&shard.id) && shard.parent.as_ref().is_none_or(|parent| ended.contains(parent) || self.gone.contains(parent))
        };
        self.shards.values().filter(may).map(|shard| shard.id.clone()).collect()
    }

    /// Parents that no listing had, and of which nothing else is known either: they are to be probed.
    pub fn unknown(&self, ended: &BTreeSet<String>) -> BTreeSet<String> {
        let parents = self.shards.values().filter(|shard| !ended.contains(&shard.id)).filter_map(|shard| shard.parent.clone());
        parents.filter(|id| !self.shards.contains_key(id) && !self.gone.contains(id) && !ended.contains(id)).collect()
    }

    /// A parent does not exist any more.
    pub fn lost(&mut self, id: String) {
        self.gone.insert(id);
    }

    /// Whether all that is known is read to its end.
    pub fn finished(&self, ended: &BTreeSet<String>) -> bool {
        self.shards.keys().all(|id| ended.contains(id))
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
        Shard { id: id.to_owned(), parent: (!parent.is_empty()).then(|| parent.to_owned()), closed }
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
    fn a_child_of_an_unlisted_parent_waits_until_it_is_listed_or_known_to_be_gone() {
        let mut tree = Tree::default();
        tree.merge(&[shard("b", "a", false)]);
        assert!(tree.readable(&set(&[])).is_empty() && tree.unknown(&set(&[])) == set(&["a"]));
        let mut listed = tree.clone();
        listed.merge(&[shard("a", "", true)]);
        assert_eq!((listed.readable(&set(&[])), listed.unknown(&set(&[]))), (vec!["a".to_owned()], set(&[])));
        tree.lost("a".to_owned());
        assert_eq!(tree.readable(&set(&[])), ["b"]);
    }

    #[test]
    fn an_old_listing_takes_nothing_back() {
        let mut tree = Tree::default();
        assert!(tree.merge(&[shard("a", "", true), shard("b", "a", false)]));
        assert!(!tree.merge(&[shard("a", "", false)]));
        assert!(!tree.finished(&set(&["a"])) && tree.finished(&set(&["a", "b"])));
    }
}
