//! Items as an aligned table of text: key attributes first, the others by name.

use std::collections::BTreeSet;

use crate::attribute::{self, Item};
use crate::text_table;

/// A column for each attribute that any item has; nothing at all without items.
pub fn lines(items: &[Item], key: &[String]) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let others: BTreeSet<&String> = items.iter().flat_map(Item::keys).filter(|name| !key.contains(name)).collect();
    let columns: Vec<&String> = key.iter().chain(others).collect();
    let head = columns.iter().map(|name| (*name).clone()).collect();
    let row = |item: &Item| columns.iter().map(|name| item.get(*name).map(attribute::cell).unwrap_or_default()).collect();
    text_table::lines(&std::iter::once(head).chain(items.iter().map(row)).collect::<Vec<_>>())
}
