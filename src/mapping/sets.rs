//! Sets from arrays: every element converted, and each typed value once.

use std::collections::HashSet;

use super::content::Content;
use super::key::{Key, KeyKind};
use super::value::Value;

/// The set of an array's elements, in their order; or what is wrong with the value.
pub(super) fn set<'d>(
    kind: KeyKind,
    content: &Content<'d>,
    convert: impl Fn(Content<'d>) -> Result<Content<'d>, String>,
) -> Result<Content<'d>, String> {
    let elements: Vec<Content<'d>> = match content {
        Content::Array(elements) => elements.iter().map(Content::of).collect(),
        Content::List(elements) => elements.iter().filter_map(Value::constant).collect(),
        _ => return Err("is not an array".to_owned()),
    };
    if elements.is_empty() {
        return Err("is an empty array, and a set has at least one element".to_owned());
    }
    let mut seen = HashSet::with_capacity(elements.len());
    let mut set = Vec::with_capacity(elements.len());
    for element in elements {
        let element = convert(element).map_err(|what| format!("has an element that {what}"))?;
        if element.as_key_part().is_some_and(|part| seen.insert(Key::new(part, None))) {
            set.push(element);
        }
    }
    Ok(Content::Set(kind, set))
}
