//! What an event's documents would become, without a call: for people who write mappings.
//!
//! In: an event and settings. Out: each document with its item or why it has none, in stream order, by the same decoding and mapping
//! as in [`Function::handle`](super::Function::handle). The bounds of an event hold, too.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::handler::FunctionError;
use super::intake;
use super::ledger::{Ledger, State};
use crate::decode::event;
use crate::mapping::Item;
use crate::reason::Rejection;
use crate::settings::Settings;
use crate::write::outcome::Outcome;

/// One document and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Position of its record in the event.
    pub record: usize,
    pub sub_sequence: u32,
    /// The document's text, or the data of a record that could not be split.
    pub data: Vec<u8>,
    pub becomes: Becomes,
}

/// What a document becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// Written or, if it says so, deleted.
    Item(Item),
    Filtered,
    Rejected(Rejection),
    /// It stands behind the bound of what one invocation takes.
    Later,
}

/// The documents of an event, with `batch` in the place of the latest batch id.
pub async fn preview(event: &[u8], settings: &Settings, batch: &str) -> Result<Vec<Preview>, FunctionError> {
    let tree = OnceCell::new();
    let (_, records) = event::records(event, &tree)?;
    let payloads = intake::payloads(&records, settings).await;
    let (opened, _) = intake::open(&records, &payloads, settings).await;
    let mut ledger = Ledger::default();
    let documents = intake::split(&records, &payloads, &opened, &mut ledger);
    let mapped = intake::map(&records, &documents, &|_| Some(batch), settings, &ledger);
    let (places, items) = intake::enter(&documents, mapped, &mut ledger);
    let mut items: Vec<(usize, Item)> = places.into_iter().zip(items).rev().collect();
    let entries = ledger.entries.into_iter().enumerate();
    let previews = entries.map(|(place, entry)| {
        let item = items.pop_if(|(of, _)| *of == place);
        let becomes = match (item, entry.state) {
            (Some((_, item)), _) => Becomes::Item(item),
            (None, State::Letter(rejection)) => Becomes::Rejected(rejection),
            (None, State::Ended(Outcome::Filtered)) => Becomes::Filtered,
            (None, _) => Becomes::Later,
        };
        Preview { record: entry.record, sub_sequence: entry.sub_sequence, data: Cow::into_owned(entry.data), becomes }
    });
    Ok(previews.collect())
}
