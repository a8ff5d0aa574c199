//! From the text of a declaration to compiled mappings; the grammar is in `docs/mapping.md`.
//!
//! In: JSON text. Out: [`Mapping`]s and the table they agree on, or the first fault with its place. Nothing is checked later
//! that can be checked here.

use std::borrow::Cow;

use super::error::{Fault, MappingError, under};
use super::item::{Attribute, Mapping, Rest};
use super::key::{KeyKind, KeySchema};
use super::order::Order;
use super::pattern::Pattern;
use super::reference::Reference;
use super::suggest;
use super::table::{Role, Typed, Types, declared};
use super::time::{self, Time};
use super::value::Value;
use crate::json::{self, Json};

const MEMBERS: &[&str] = &["where", "key", "types", "item", "rest", "delete", "tombstones", "time"];

/// Everything that one text declares.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) mappings: Vec<Mapping>,
    pub(super) key: KeySchema,
    pub(super) types: Types,
    /// Present if items store their place in the order of their key.
    pub(super) order: Option<Order>,
}

/// Compiles a JSON object, or an array of them.
pub(super) fn compile(text: &str) -> Result<Declaration, MappingError> {
    let json = json::parse(text).map_err(|error| MappingError::syntax(text, error))?;
    let compiled = match &json {
        Json::Array(mappings) => all(mappings, |index, fault| fault.under(&index.to_string())),
        single => all(std::slice::from_ref(single), |_, fault| fault),
    };
    compiled.map_err(|fault| MappingError::at(text, fault))
}

/// `place` tells where the mapping with an index stands.
fn all(mappings: &[Json<'_>], place: fn(usize, Fault) -> Fault) -> Result<Declaration, Fault> {
    let mut types = Types::default();
    for (index, json) in mappings.iter().enumerate() {
        only(object(json).map_err(|fault| place(index, fault))?, MEMBERS, "a mapping")
            .and_then(|()| json.get("types").map_or(Ok(()), |json| types.add(json).map_err(under("types"))))
            .map_err(|fault| place(index, fault))?;
    }
    let mut key: Option<KeySchema> = None;
    let mut compiled = Vec::with_capacity(mappings.len());
    for (index, json) in mappings.iter().enumerate() {
        let (own, mapping) = one(json, &types, key.as_ref()).map_err(|fault| place(index, fault))?;
        key.get_or_insert(own);
        compiled.push(mapping);
    }
    let key = key.ok_or_else(|| Fault::new("an array of mappings needs at least one"))?;
    Ok(Declaration { mappings: compiled, key, types, order: None })
}

fn one(json: &Json<'_>, types: &Types, agreed: Option<&KeySchema>) -> Result<(KeySchema, Mapping), Fault> {
    let Some(key) = json.get("key") else {
        return Err(Fault::new("a mapping needs `key`: {\"partition\": \"…\"}, and \"sort\" if the table has a sort key"));
    };
    let key = types.key(key).map_err(under("key"))?;
    if agreed.is_some_and(|agreed| *agreed != key) {
        return Err(Fault::new("all mappings of a table have the same key").under("key"));
    }
    let pattern = json.get("where").map(|json| Pattern::compile(json).map_err(under("where"))).transpose()?;
    let attributes = json.get("item").map(|json| item(json, &key, types).map_err(under("item"))).transpose()?;
    let keep = match json.get("rest").map(|json| text(json).map_err(under("rest"))).transpose()? {
        Some("keep") => true,
        Some("drop") => false,
        Some(_) => return Err(Fault::new("`rest` is `keep` or `drop`").under("rest")),
        None => attributes.is_none(),
    };
    let attributes = attributes.unwrap_or_default();
    let key_members = [("partition", Some(&key.partition)), ("sort", key.sort.as_ref())];
    for (member, attribute) in key_members {
        let Some(attribute) = attribute else { continue };
        if attributes.iter().any(|known| *known.name == attribute.name) {
            continue;
        }
        let fault = match attribute.kind {
            KeyKind::B => Fault::new(format!(
                "JSON has no bytes: make the key attribute `{0}` in `item`, as in {{\"from\": \"{0}\", \"as\": \"binary\"}}",
                attribute.name
            )),
            _ if keep => continue,
            _ => Fault::new(format!("nothing produces the key attribute `{}`: add it to `item`", attribute.name)),
        };
        return Err(fault.under(member).under("key"));
    }
    let rest = keep.then(|| rest(&attributes, &key, types));
    let delete = json.get("delete").map(|json| Pattern::compile(json).map_err(under("delete"))).transpose()?;
    let tombstones = json.get("tombstones").map(|json| tombstones(json).map_err(under("tombstones"))).transpose()?.unwrap_or(false);
    let time = json.get("time").map_or(Ok(time::ARRIVAL), |json| Time::compile(json).map_err(under("time")))?;
    let mapping = Mapping { pattern, delete, tombstones, time, attributes, rest };
    deletes(&mapping, &key)?;
    Ok((key, mapping))
}

/// Whether tombstones delete.
fn tombstones(json: &Json<'_>) -> Result<bool, Fault> {
    match text(json)? {
        "delete" => Ok(true),
        "filter" => Ok(false),
        _ => Err(Fault::new("`tombstones` is `delete` or `filter`")),
    }
}

/// A mapping that deletes must lead back to the key of the item that is to go.
fn deletes(mapping: &Mapping, key: &KeySchema) -> Result<(), Fault> {
    for name in key.names() {
        let attribute = mapping.attributes.iter().find(|attribute| *attribute.name == *name);
        if let Some(attribute) = attribute
            && (mapping.delete.is_some() || mapping.tombstones)
            && attribute.value.any_reference(&|reference| reference.sources.iter().any(|source| source.differs_by_record(&mapping.time)))
        {
            let message =
                format!("the key attribute `{name}` is another one for every record, so it leads to no item that could be deleted");
            return Err(Fault::new(message).under(if mapping.delete.is_some() { "delete" } else { "tombstones" }));
        }
        let of_document = |reference: &Reference| reference.sources.iter().any(|source| source.needs_document(&mapping.time));
        if mapping.tombstones && attribute.is_none_or(|attribute| attribute.value.any_reference(&of_document)) {
            let message =
                format!("a tombstone has no fields, so `item` must make the key attribute `{name}` of the record, such as of {{@key}}");
            return Err(Fault::new(message).under("tombstones"));
        }
    }
    Ok(())
}

fn item(json: &Json<'_>, key: &KeySchema, types: &Types) -> Result<Vec<Attribute>, Fault> {
    // The members of `item` itself are attributes, whatever they are called.
    let attributes = object(json)?.iter().map(|(name, json)| {
        let (name, value) = Value::compile_member(name, json).map_err(under(name))?;
        let declared = declared(key, types, &name);
        if let Some(typed) = declared {
            check_typed(&name, &value, typed).map_err(under(&name))?;
        }
        Ok(Attribute { name, value, typed: declared })
    });
    attributes.collect()
}

fn check_typed(name: &str, value: &Value, typed: Typed) -> Result<(), Fault> {
    if let Some(kind) = value.contradicts(typed.kind) {
        return Err(Fault::new(format!("`types` declares `{name}` as `{}`, but this can be {kind}", typed.kind.letter())));
    }
    if *value == Value::Text(Vec::new()) {
        return Err(Fault::new(format!("`{name}` is a key attribute and cannot be the empty string")));
    }
    if typed.role != Role::Index && value.is_optional() {
        return Err(Fault::new(format!("`{name}` is part of the key and cannot be optional: leave out the `?`")));
    }
    Ok(())
}

/// The names that need attention among the document's other fields, sorted.
pub(super) fn rest(attributes: &[Attribute], key: &KeySchema, types: &Types) -> Rest {
    let produced = attributes.iter().map(|attribute| (attribute.name.clone(), None));
    let checked = types
        .iter()
        .filter(|(name, _)| !attributes.iter().any(|attribute| *attribute.name == **name))
        .map(|(name, _)| (name.into(), declared(key, types, name)));
    let mut names: Vec<_> = produced.chain(checked).collect();
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    Rest(names)
}

/// The members of an object.
pub(super) fn object<'j, 'a>(json: &'j Json<'a>) -> Result<&'j [(Cow<'a, str>, Json<'a>)], Fault> {
    match json {
        Json::Object(members) => Ok(members),
        other => Err(Fault::new(format!("an object belongs here, not {}", other.kind()))),
    }
}

/// A string.
pub(super) fn text<'j>(json: &'j Json<'_>) -> Result<&'j str, Fault> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(Fault::new(format!("a string belongs here, not {}", other.kind()))),
    }
}

/// Refuses members that are not `known`.
pub(super) fn only(members: &[(Cow<'_, str>, Json<'_>)], known: &[&str], whole: &str) -> Result<(), Fault> {
    let Some((name, _)) = members.iter().find(|(name, _)| !known.contains(&name.as_ref())) else { return Ok(()) };
    Err(Fault::new(format!("unknown member `{name}` of {whole}{}", suggest::hint(name, known))).under(name))
}
