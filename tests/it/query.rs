//! Reads what tests compare.

use crate::world::Item;

/// The text of an attribute.
pub fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

/// The texts of one attribute of all items, sorted.
pub fn texts(items: &[Item], name: &str) -> Vec<String> {
    let mut texts: Vec<String> = items.iter().map(|item| text(item, name).to_owned()).collect();
    texts.sort();
    texts
}
