//! A batch call of SQS taken apart: the entries that are to fail, and the request without them.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::batch_write::with;
use super::rule::contains;

const ENTRIES: &str = "Entries";
const FAILED: &str = "Failed";

pub(crate) struct Entries<'a> {
    entries: Vec<&'a RawValue>,
    others: BTreeMap<String, &'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identified {
    id: String,
}

impl<'a> Entries<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Option<Entries<'a>> {
        let mut others: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
        let entries = serde_json::from_str(others.remove(ENTRIES)?.get()).ok()?;
        Some(Entries { entries, others })
    }

    pub(crate) fn any(&self, text: &str) -> bool {
        self.entries.iter().any(|entry| contains(entry.get(), text))
    }

    /// The request without the entries that contain `text` (`None` when none is left), and the ids of those.
    pub(crate) fn without(self, text: &str) -> Option<(Option<Bytes>, Vec<String>)> {
        let (fail, keep): (Vec<&RawValue>, Vec<&RawValue>) = self.entries.into_iter().partition(|entry| contains(entry.get(), text));
        let ids = fail.iter().map(|entry| serde_json::from_str::<Identified>(entry.get()).map(|entry| entry.id));
        let ids = ids.collect::<Result<_, _>>().ok()?;
        if keep.is_empty() {
            return Some((None, ids));
        }
        Some((Some(with(self.others, ENTRIES, &keep)?), ids))
    }
}

/// An answer with further failures in it.
pub(crate) fn with_failures(answer: &[u8], ids: Vec<String>, code: &str, sender_fault: bool, message: &str) -> Option<Bytes> {
    let mut answer: BTreeMap<String, Value> = serde_json::from_slice(answer).ok()?;
    let failed = answer.entry(FAILED.to_owned()).or_insert_with(|| json!([])).as_array_mut()?;
    failed.extend(ids.into_iter().map(|id| json!({ "Id": id, "Code": code, "SenderFault": sender_fault, "Message": message })));
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}
