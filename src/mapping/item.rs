//! From a document to an item: the attributes that `item` names, then the rest.
//!
//! In: a compiled [`Mapping`], a document and its origin. Out: an [`Item`] that the table will take as far as can be known, or
//! a [`Rejection`] that names the attribute. Fields that are dropped are not checked.

use std::borrow::Cow;

use uuid::Uuid;

use super::content::Content;
use super::declaration::Declaration;
use super::key::{Key, KeySchema};
use super::origin::Origin;
use super::pattern::{Outcome, Pattern};
use super::reference::Scope;
use super::table::{Role, Typed};
use super::time::{ARRIVAL, Time};
use super::typed_json::Writer;
use super::value::Value;
use super::{Item, Rejection, template};
use crate::json::Json;
use crate::reason::Reason;

/// One compiled mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) pattern: Option<Pattern>,
    /// Documents that delete their key's item.
    pub(super) delete: Option<Pattern>,
    /// Whether records without a value delete their key's item.
    pub(super) tombstones: bool,
    /// Where documents have their time.
    pub(super) time: Time,
    pub(super) attributes: Vec<Attribute>,
    /// Present if the document's other fields are kept.
    pub(super) rest: Option<Rest>,
}

/// One attribute of the items.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: Box<str>,
    pub(super) value: Value,
    pub(super) typed: Option<Typed>,
}

/// Sorted names of fields that are not simply copied: without a type those that `item` produces, with one those to check.
#[derive(Debug)]
pub(super) struct Rest(pub(super) Vec<(Box<str>, Option<Typed>)>);

/// An item that is being made.
struct Making<'d> {
    scope: Scope<'d>,
    writer: Writer,
    partition: Option<Content<'d>>,
    sort: Option<Content<'d>>,
}

impl Mapping {
    /// Makes the item of a document that this mapping takes, or, if the document deletes, its key.
    pub(super) fn item(&self, of: &Declaration, document: &Json<'_>, origin: &Origin<'_>) -> Result<Item, Rejection> {
        let deletes = match &self.delete {
            _ if *document == Json::Null => true,
            Some(delete) => delete.test(document) == Outcome::Match,
            None => false,
        };
        let wanted = |typed: Option<Typed>| !deletes || typed.is_some_and(Typed::is_of_key);
        let mut making = Making { scope: Scope { document, origin, time: &self.time }, writer: Writer::new(), partition: None, sort: None };
        for attribute in self.attributes.iter().filter(|attribute| wanted(attribute.typed)) {
            let of_attribute = |rejection: Rejection| rejection.of(&attribute.name);
            if let Some(content) = attribute.value.resolve(&making.scope).map_err(of_attribute)? {
                making.put(&attribute.name, content, attribute.typed).map_err(of_attribute)?;
            }
        }
        if let (Some(rest), Json::Object(members)) = (&self.rest, document) {
            for (name, value) in members {
                let typed = match rest.0.binary_search_by(|(known, _)| (**known).cmp(name)) {
                    Ok(index) if rest.0[index].1.is_none() => continue,
                    Ok(index) => rest.0[index].1,
                    Err(_) => None,
                };
                if !wanted(typed) {
                    continue;
                }
                if of.order.as_ref().is_some_and(|order| *order.attribute == **name) {
                    let message = "the document has a field of this name, which is ORDER_ATTRIBUTE; choose another one";
                    return Err(Rejection::new(Reason::BadAttributeName, message).of(name));
                }
                making.put(name, Content::of(value), typed).map_err(|rejection| rejection.of(name))?;
            }
        }
        let mut order = String::new();
        if let Some(by) = &of.order {
            order = by.of(&making.scope)?;
            if !deletes {
                making.put(&by.attribute, Content::Text(Cow::Borrowed(&order)), None)?;
            }
        }
        let (key, json, size) = making.finish(&of.key)?;
        Ok(Item { key, json, size, deletes, order })
    }
}

impl<'d> Making<'d> {
    fn put(&mut self, name: &str, content: Content<'d>, typed: Option<Typed>) -> Result<(), Rejection> {
        if let Some(typed) = typed {
            typed.check(&content)?;
        }
        self.writer.name(name)?;
        self.writer.content(&content, &self.scope)?;
        match typed.map(|typed| typed.role) {
            Some(Role::Partition) => self.partition = Some(content),
            Some(Role::Sort) => self.sort = Some(content),
            Some(Role::Index) | None => {}
        }
        Ok(())
    }

    fn finish(self, schema: &KeySchema) -> Result<(Key, String, usize), Rejection> {
        let absent = |name: &str| Rejection::new(Reason::MissingField, "the document has no such field").of(name);
        let partition = self.partition.as_ref().and_then(Content::as_key_part).ok_or_else(|| absent(&schema.partition.name))?;
        let sort = match &schema.sort {
            Some(attribute) => Some(self.sort.as_ref().and_then(Content::as_key_part).ok_or_else(|| absent(&attribute.name))?),
            None => None,
        };
        let key = Key::new(partition, sort);
        let (json, size) = self.writer.finish();
        Ok((key, json, size))
    }
}

/// Whether a batch id can fill the attribute, as far as that can be told without a document.
pub(super) fn check_batch(attribute: &Attribute, batch: &str) -> Result<(), Rejection> {
    let origin = Origin {
        namespace: Uuid::nil(),
        source: "",
        shard: "",
        sequence: "",
        sub_sequence: 0,
        partition_key: None,
        key_is_binary: false,
        headers: &[],
        arrival: None,
        batch: Some(batch),
    };
    let scope = Scope { document: &Json::Null, origin: &origin, time: &ARRIVAL };
    let content = match &attribute.value {
        Value::Text(pieces) => Ok(Some(Content::Text(Cow::Owned(template::at_least(pieces, batch))))),
        value => value.resolve(&scope),
    };
    let checked = content.and_then(|content| match (content, attribute.typed) {
        (Some(content), Some(typed)) => typed.check(&content),
        (Some(content), None) => Writer::new().content(&content, &scope),
        (None, _) => Ok(()),
    });
    match checked {
        // It is for a document to bring the rest.
        Err(rejection) if rejection.reason == Reason::MissingField => Ok(()),
        other => other.map_err(|rejection| rejection.of(&attribute.name)),
    }
}
