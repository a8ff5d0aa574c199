//! A BatchWriteItem taken apart, its writes as the texts that they came as.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::fault::Select;

const REQUEST_ITEMS: &str = "RequestItems";
const UNPROCESSED_ITEMS: &str = "UnprocessedItems";

type Tables<'a> = BTreeMap<String, Vec<&'a RawValue>>;

pub(crate) struct BatchWrite<'a> {
    tables: Tables<'a>,
    /// The request's other members.
    others: BTreeMap<String, &'a RawValue>,
}

/// A request in two: what is done and what is not.
pub(crate) struct Parted<'a> {
    /// The request that is left; `None` when nothing is.
    pub done: Option<Bytes>,
    undone: Tables<'a>,
}

impl<'a> BatchWrite<'a> {
    /// `None` when it is no BatchWriteItem; the engine will say so.
    pub(crate) fn parse(body: &'a [u8]) -> Option<BatchWrite<'a>> {
        let mut others: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
        let tables = serde_json::from_str(others.remove(REQUEST_ITEMS)?.get()).ok()?;
        Some(BatchWrite { tables, others })
    }

    pub(crate) fn any(&self, mut wanted: impl FnMut(usize, &str) -> bool) -> bool {
        self.tables.values().flatten().enumerate().any(|(index, write)| wanted(index, write.get()))
    }

    /// `None` when the parts cannot be written as JSON, which does not happen to what was read from it.
    pub(crate) fn part(self, select: &Select) -> Option<Parted<'a>> {
        let (mut done, mut undone) = (Tables::new(), Tables::new());
        let mut index = 0;
        for (table, writes) in self.tables {
            for write in writes {
                let side = if select.takes(index, write.get()) { &mut undone } else { &mut done };
                side.entry(table.clone()).or_default().push(write);
                index += 1;
            }
        }
        let done = if done.is_empty() { None } else { Some(with(self.others, REQUEST_ITEMS, &done)?) };
        Some(Parted { done, undone })
    }
}

impl Parted<'_> {
    /// The answer to the whole request, from the answer to the part that was done (`{}` when none was).
    pub(crate) fn answer(&self, answer: &[u8]) -> Option<Bytes> {
        with(serde_json::from_slice(answer).ok()?, UNPROCESSED_ITEMS, &self.undone)
    }
}

/// A JSON object with one member replaced.
pub(super) fn with(members: BTreeMap<String, &RawValue>, name: &str, value: &impl Serialize) -> Option<Bytes> {
    let value = serde_json::value::to_raw_value(value).ok()?;
    let mut members = members; // with the shorter life of `value`
    members.insert(name.to_owned(), &value);
    serde_json::to_vec(&members).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_keep_every_character_and_the_other_members() {
        let body = br#"{"ReturnConsumedCapacity":"TOTAL","RequestItems":{"b":[{"PutRequest":{"Item":{"k":{"N":"1.10"}}}}],"a":[{"PutRequest":{"Item":{"k":{"S":"\u00e9"}}}}]}}"#;
        let parted = BatchWrite::parse(body).unwrap().part(&Select::Indices([0].into())).unwrap();
        assert_eq!(
            parted.done.as_deref().map(String::from_utf8_lossy).unwrap(),
            r#"{"RequestItems":{"b":[{"PutRequest":{"Item":{"k":{"N":"1.10"}}}}]},"ReturnConsumedCapacity":"TOTAL"}"#
        );
        assert_eq!(
            parted.answer(br#"{"UnprocessedItems":{},"X":1}"#).unwrap(),
            r#"{"UnprocessedItems":{"a":[{"PutRequest":{"Item":{"k":{"S":"\u00e9"}}}}]},"X":1}"#
        );
    }

    #[test]
    fn with_everything_selected_nothing_is_left_to_do() {
        let parted = BatchWrite::parse(br#"{"RequestItems":{"a":[{"DeleteRequest":{}}]}}"#).unwrap().part(&Select::All).unwrap();
        assert!(parted.done.is_none());
        assert_eq!(parted.answer(b"{}").unwrap(), r#"{"UnprocessedItems":{"a":[{"DeleteRequest":{}}]}}"#);
    }
}
