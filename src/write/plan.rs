//! Which items are written, and in which requests. Pure.
//!
//! Items in stream order in, [`Slot`]s out: one for each key, at the place of the key's first document, holding its documents.
//! The newest document of a key is its winner: the greatest by its order, the last one where orders are equal, as they all are
//! unless the mapping is ordered. The others wait, in case the table refuses the winner.

use std::collections::HashMap;

use crate::mapping::{Item, Key};

/// `BatchWriteItem` takes at most 25 puts (API reference of `DynamoDB`).
pub const MAX_PUTS: usize = 25;

/// `BatchWriteItem` takes at most 16 MB; 64 KiB are left for what stands around the items.
const MAX_REQUEST_BYTES: usize = (16 << 20) - (64 << 10);

/// All documents of one key; numbers are positions among the items that [`plan`] was given.
#[derive(Debug, PartialEq, Eq)]
pub struct Slot {
    pub winner: usize,
    /// Those before the winner, from the oldest to the newest.
    pub earlier: Vec<usize>,
}

/// What is written, and what is over the limit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub slots: Vec<Slot>,
    pub over_limit: Vec<usize>,
}

/// Admits at most `limit` keys, in stream order. A document whose key was admitted replaces the earlier one and does not count.
pub fn plan(items: &[Item], limit: Option<u64>) -> Plan {
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let mut plan = Plan { slots: Vec::with_capacity(items.len()), over_limit: Vec::new() };
    let mut places: HashMap<&Key, usize> = HashMap::with_capacity(items.len());
    for (position, Item { key, order, .. }) in items.iter().enumerate() {
        if let Some(&place) = places.get(key) {
            let slot: &mut Slot = &mut plan.slots[place];
            if items[slot.winner].order <= *order {
                slot.earlier.push(std::mem::replace(&mut slot.winner, position));
            } else {
                let older = slot.earlier.partition_point(|&earlier| items[earlier].order <= *order);
                slot.earlier.insert(older, position);
            }
        } else if plan.slots.len() < limit {
            places.insert(key, plan.slots.len());
            plan.slots.push(Slot { winner: position, earlier: Vec::new() });
        } else {
            plan.over_limit.push(position);
        }
    }
    plan
}

/// Groups consecutive slots into requests within the limits of `BatchWriteItem`; `bytes` is the length of an item's JSON by its
/// position.
pub fn requests(slots: &[Slot], bytes: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    let mut requests: Vec<Vec<usize>> = Vec::with_capacity(slots.len().div_ceil(MAX_PUTS));
    let mut filled = MAX_REQUEST_BYTES;
    for (place, slot) in slots.iter().enumerate() {
        // An earlier document may take its winner's place, so the longest of them counts.
        let longest = slot.earlier.iter().chain([&slot.winner]).map(|&position| bytes(position)).max().unwrap_or(0);
        match requests.last_mut() {
            Some(request) if request.len() < MAX_PUTS && filled + longest <= MAX_REQUEST_BYTES => {
                request.push(place);
                filled += longest;
            }
            _ => {
                requests.push(vec![place]);
                filled = longest;
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::KeyPart;

    fn item(name: &str, order: &str) -> Item {
        let key = Key::new(KeyPart::S(name), None);
        Item { key, json: String::new(), size: 0, deletes: false, order: order.to_owned() }
    }

    fn items(names: &[&str]) -> Vec<Item> {
        names.iter().map(|name| item(name, "")).collect()
    }

    #[test]
    fn the_last_document_of_a_key_wins_at_the_first_ones_place() {
        let plan = plan(&items(&["a", "b", "a", "a"]), None);
        assert_eq!(plan.slots, [Slot { winner: 3, earlier: vec![0, 2] }, Slot { winner: 1, earlier: vec![] }]);
    }

    #[test]
    fn the_greatest_order_wins_wherever_it_stands() {
        let orders = ["2", "4", "1", "3", "4"].map(|order| item("a", order));
        assert_eq!(plan(&orders, None).slots, [Slot { winner: 4, earlier: vec![2, 0, 3, 1] }]);
    }

    #[test]
    fn a_known_key_does_not_count_against_the_limit() {
        let plan = plan(&items(&["a", "b", "a", "c", "b"]), Some(2));
        assert_eq!(plan.slots, [Slot { winner: 2, earlier: vec![0] }, Slot { winner: 4, earlier: vec![1] }]);
        assert_eq!(plan.over_limit, [3]);
    }

    #[test]
    fn requests_hold_25_items_and_16_mb() {
        let names: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        let plan = plan(&items(&names.iter().map(String::as_str).collect::<Vec<_>>()), None);
        let sizes = |bytes: usize| requests(&plan.slots, |_| bytes).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(100), [25, 25, 10]);
        assert_eq!(sizes(1 << 20), [15, 15, 15, 15]);
        assert_eq!(sizes(MAX_REQUEST_BYTES + 1), [1; 60]);
    }
}
