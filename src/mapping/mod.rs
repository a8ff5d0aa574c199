//! The mapping: which documents are wanted, and what item each becomes. `docs/mapping.md` is the language.
//!
//! ```text
//! text ─► declaration ─► Mappings            at the start: everything that can be wrong is found here
//!            │ pattern, value (template, reference, convert, time), table; derived in place of a text
//! document ─► pattern ─► item ─► typed_json ─► Item | Filtered | Rejected
//!                          └► key
//! ```
//!
//! In: a document's tree and where it came from. Out: [`Mapped`]. Pure: no client, no clock, no environment; never panics, never
//! converts a number, and never puts a document's values into a message.

mod built_in;
mod canonical;
mod coarse;
mod content;
mod convert;
mod declaration;
mod derived;
mod error;
mod field;
mod filter;
mod item;
mod key;
mod locate;
mod order;
mod origin;
mod pattern;
mod reference;
mod sets;
pub mod suggest;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod time;
mod typed_json;
mod value;

pub use derived::{Problems, ShortForm};
pub use error::MappingError;
pub use filter::Filter;
pub use key::{Key, KeyAttribute, KeyKind, KeyPart, KeySchema, MAX_KEY_NAME, MAX_PARTITION_KEY, MAX_SORT_KEY};
pub use origin::Origin;
pub use typed_json::{MAX_ITEM, MAX_NAME, MAX_NESTING};

use declaration::Declaration;
use order::Order;
use pattern::Outcome;
use reference::{Need, Reference, Source};
use table::Typed;

use crate::json::Json;
use crate::reason::{Reason, Rejection};

/// One or several compiled mappings for one table.
#[derive(Debug)]
pub struct Mappings(Declaration);

/// What a document becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    Item(Item),
    /// No mapping wants it.
    Filtered,
    /// It is unfit.
    Rejected(Rejection),
}

/// An item, ready to be put into a request, or one that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub key: Key,
    /// The item as `DynamoDB` writes items in requests: `{"A":{"S":"x"},…}`; of a deletion the key's attributes alone.
    pub json: String,
    /// Bytes as `DynamoDB` counts them, at most [`MAX_ITEM`]; an upper bound, as numbers are counted generously.
    pub size: usize,
    /// Whether the key's item is to be deleted.
    pub deletes: bool,
    /// Its place among the documents of its key; compares as text. Empty unless the mapping is [`Mappings::ordered`].
    pub order: String,
}

impl Mappings {
    /// A JSON Schema of declarations, as far as their shape goes.
    pub const SCHEMA: &str = include_str!("schema.json");

    /// The names that [`Mappings::built_in`] knows.
    pub const BUILT_IN: &[&str] = built_in::NAMES;

    /// Compiles a declaration: a JSON object, or an array of them. The error names the first fault and its place.
    pub fn compile(text: &str) -> Result<Mappings, MappingError> {
        declaration::compile(text).map(Mappings)
    }

    /// A built-in mapping; `batch_configured` adds `BatchId` where the mapping does without one otherwise.
    pub fn built_in(name: &str, batch_configured: bool) -> Option<Mappings> {
        Mappings::compile(built_in::declaration(name, batch_configured)?).ok()
    }

    /// The mapping that keys alone declare: every field is kept. The error names every setting that cannot be used.
    pub fn derived(short: ShortForm<'_>) -> Result<Mappings, Problems> {
        derived::compile(short).map(Mappings)
    }

    /// Keys that show too little of the time to tell documents apart: what is legal but probably not meant.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.0.mappings.iter().filter_map(|mapping| coarse::warning(mapping, &self.0.key))
    }

    /// Whether anything is made of the documents' own time.
    pub fn names_time(&self) -> bool {
        let names_time = |reference: &Reference| reference.sources.iter().any(|source| matches!(source, Source::Time(_)));
        self.attributes().any(|attribute| attribute.value.any_reference(&names_time))
            || self.0.order.as_ref().is_some_and(|order| order.any_reference(names_time))
    }

    /// Has items store their place in the order of their key in `attribute`: what the placeholder `by` finds, if one is given, then
    /// the place in the stream. The error names the setting that cannot be used, and says why.
    pub fn ordered(mut self, by: Option<&str>, attribute: &str) -> Result<Mappings, (&'static str, String)> {
        let refused = |message| Err(("ORDER_ATTRIBUTE", message));
        if attribute.is_empty() || attribute.len() > MAX_NAME {
            return refused(format!("is no attribute's name: that has 1 to {MAX_NAME} bytes"));
        }
        if self.attributes().any(|known| *known.name == *attribute) || self.types().any(|(known, _)| known == attribute) {
            return refused(format!("is `{attribute}`, which the mapping uses itself; choose another one"));
        }
        self.0.order = Some(Order::compile(by, attribute).map_err(|fault| ("ORDER_BY", format!("cannot be used: {}", fault.message())))?);
        Ok(self)
    }

    /// Whether the mapping is ordered by the place in the stream alone.
    pub fn ordered_by_place_alone(&self) -> bool {
        self.0.order.as_ref().is_some_and(|order| !order.has_reference())
    }

    /// The attribute that stores the order, if items have one.
    pub fn order_attribute(&self) -> Option<&str> {
        self.0.order.as_ref().map(|order| &*order.attribute)
    }

    /// The built-in mapping `reading`, of documents whose field `label` is a number and `unit` a text.
    pub fn reading(label: &str, unit: &str) -> Result<Mappings, MappingError> {
        if [label, unit].iter().any(|name| ["id", "timestamp"].contains(name)) || label == unit {
            let message = "`id`, `timestamp`, the number and its unit are four fields".to_owned();
            return Err(MappingError { pointer: String::new(), line: 1, column: 1, message });
        }
        Mappings::compile(&built_in::reading(label, unit))
    }

    /// Whether a mapping names `{@batch}`, so that a batch id must be known before the first document is mapped.
    pub fn needs_batch(&self) -> bool {
        self.attributes().any(|attribute| attribute.value.any_reference(&names_batch))
    }

    /// The table's key, on which all mappings agree.
    pub fn key_schema(&self) -> &KeySchema {
        &self.0.key
    }

    /// Every attribute with a declared type, each once: the key's and those of indexes.
    pub fn types(&self) -> impl Iterator<Item = (&str, KeyKind)> {
        self.0.types.iter()
    }

    /// Whether every mapping's key contains `{@id}`, required and without alternatives: no two documents share a key then, and
    /// no document chooses one.
    pub fn keyed_by_identity(&self) -> bool {
        self.keyed_by(&Source::Id)
    }

    /// Whether every mapping's key contains `{@partition-key}`, required and without alternatives: documents that share a key come
    /// by one shard then, in order.
    pub fn keyed_by_partition_key(&self) -> bool {
        self.keyed_by(&Source::PartitionKey)
    }

    fn keyed_by(&self, source: &Source) -> bool {
        let is_it = |reference: &Reference| reference.sources == [source.clone()] && reference.need != Need::Optional;
        self.0.mappings.iter().all(|mapping| {
            let of_key = |attribute: &&item::Attribute| attribute.typed.is_some_and(Typed::is_of_key);
            mapping.attributes.iter().filter(of_key).any(|attribute| attribute.value.any_reference(&is_it))
        })
    }

    /// Whether `batch` can be a batch id: not empty, and no longer than the attributes that it fills allow. Always, if no
    /// mapping names `{@batch}`.
    pub fn check_batch(&self, batch: &str) -> Result<(), String> {
        if batch.is_empty() && self.needs_batch() {
            return Err("the batch id is empty".to_owned());
        }
        self.attributes()
            .filter(|attribute| attribute.value.any_reference(&names_batch))
            .try_for_each(|attribute| item::check_batch(attribute, batch))
            .map_err(|rejection| format!("the batch id does not fit: {}", rejection.message))
    }

    /// Makes the item of a document: the first mapping whose `where` matches takes it. If none does, a document that lacks a
    /// field that a `where` asks for is rejected, as it cannot be known whether it was meant; any other is filtered.
    pub fn map(&self, document: &Json<'_>, origin: &Origin<'_>) -> Mapped {
        if !matches!(document, Json::Object(_)) {
            return Mapped::Rejected(Rejection::new(Reason::NotAnObject, format!("the document is {}", document.kind())));
        }
        let mut absent = None;
        for mapping in &self.0.mappings {
            match mapping.pattern.as_ref().map_or(Outcome::Match, |pattern| pattern.test(document)) {
                Outcome::Match => {
                    return match mapping.item(&self.0, document, origin) {
                        Ok(item) => Mapped::Item(item),
                        Err(rejection) => Mapped::Rejected(rejection),
                    };
                }
                Outcome::Absent(field) => absent = absent.or(Some(field)),
                Outcome::NoMatch => {}
            }
        }
        match absent {
            Some(field) => {
                Mapped::Rejected(Rejection::new(Reason::MissingField, format!("`where` asks for field `{field}`, which is absent")))
            }
            None => Mapped::Filtered,
        }
    }

    /// What a record without a value does: it deletes its key's item, if a mapping says so.
    pub fn tombstone(&self, origin: &Origin<'_>) -> Mapped {
        match self.0.mappings.iter().find(|mapping| mapping.tombstones) {
            None => Mapped::Filtered,
            Some(mapping) => match mapping.item(&self.0, &Json::Null, origin) {
                Ok(item) => Mapped::Item(item),
                Err(rejection) => Mapped::Rejected(rejection),
            },
        }
    }

    fn attributes(&self) -> impl Iterator<Item = &item::Attribute> {
        self.0.mappings.iter().flat_map(|mapping| &mapping.attributes)
    }
}

fn names_batch(reference: &Reference) -> bool {
    reference.sources.contains(&Source::Batch)
}
