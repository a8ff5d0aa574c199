//! What the mappings of a table say about the table: its key, and the types of key attributes.
//!
//! In: `key` and `types` of every mapping. Out: one [`Table`] that they agree on, and the check of one attribute against it.

use super::Rejection;
use super::content::Content;
use super::declaration::{object, only, text};
use super::error::{Fault, under};
use super::key::{KeyAttribute, KeyKind, KeySchema, MAX_KEY_NAME, MAX_PARTITION_KEY, MAX_SORT_KEY};
use super::suggest;
use crate::json::Json;
use crate::reason::Reason;

/// The declared types of a table's key attributes and its indexes', each name once.
#[derive(Debug, Default)]
pub(super) struct Types(Vec<(String, KeyKind)>);

/// What is declared about one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) kind: KeyKind,
    pub(super) role: Role,
}

/// What an attribute with a declared type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Partition,
    Sort,
    Index,
}

impl Types {
    /// Adds the `types` of one mapping.
    pub(super) fn add(&mut self, json: &Json<'_>) -> Result<(), Fault> {
        for (name, kind) in object(json)? {
            self.add_one(name, kind).map_err(under(name))?;
        }
        Ok(())
    }

    fn add_one(&mut self, name: &str, kind: &Json<'_>) -> Result<(), Fault> {
        let kind = match text(kind)? {
            "S" => KeyKind::S,
            "N" => KeyKind::N,
            "B" => KeyKind::B,
            other => return Err(Fault::new(format!("a key attribute is of type `S`, `N` or `B`, not `{other}`"))),
        };
        self.declare(name, kind)
    }

    /// Adds the type of one attribute.
    pub(super) fn declare(&mut self, name: &str, kind: KeyKind) -> Result<(), Fault> {
        if name.is_empty() || name.len() > MAX_KEY_NAME {
            return Err(Fault::new(format!("a key attribute's name has 1 to {MAX_KEY_NAME} bytes")));
        }
        match self.kind(name) {
            Some(known) if known != kind => {
                Err(Fault::new(format!("another mapping declares `{name}` as `{}`; it is one table", known.letter())))
            }
            Some(_) => Ok(()),
            None => {
                self.0.push((name.to_owned(), kind));
                Ok(())
            }
        }
    }

    fn kind(&self, name: &str) -> Option<KeyKind> {
        self.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, KeyKind)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// Reads a mapping's `key`.
    pub(super) fn key(&self, json: &Json<'_>) -> Result<KeySchema, Fault> {
        only(object(json)?, &["partition", "sort"], "`key`")?;
        let attribute = |member: &str| json.get(member).map(|json| self.key_attribute(json).map_err(under(member))).transpose();
        let Some(partition) = attribute("partition")? else {
            return Err(Fault::new("`key` needs `partition`, the name of the partition key attribute"));
        };
        let sort = attribute("sort")?;
        if sort.as_ref().is_some_and(|sort| sort.name == partition.name) {
            return Err(Fault::new("the partition key and the sort key are two attributes").under("sort"));
        }
        Ok(KeySchema { partition, sort })
    }

    fn key_attribute(&self, json: &Json<'_>) -> Result<KeyAttribute, Fault> {
        let name = text(json)?;
        let Some(kind) = self.kind(name) else {
            let known: Vec<&str> = self.iter().map(|(name, _)| name).collect();
            let hint = if known.is_empty() { String::new() } else { suggest::hint(name, &known) };
            return Err(Fault::new(format!("`types` must declare the key attribute `{name}` as `S`, `N` or `B`{hint}")));
        };
        Ok(KeyAttribute { name: name.to_owned(), kind })
    }
}

/// What is declared about the attribute `name`, if anything is.
pub(super) fn declared(schema: &KeySchema, types: &Types, name: &str) -> Option<Typed> {
    let kind = types.kind(name)?;
    let role = match &schema.sort {
        _ if schema.partition.name == name => Role::Partition,
        Some(sort) if sort.name == name => Role::Sort,
        _ => Role::Index,
    };
    Some(Typed { kind, role })
}

impl Typed {
    /// Whether the attribute is part of the table's key, not only of an index's.
    pub(super) fn is_of_key(self) -> bool {
        self.role != Role::Index
    }

    /// The most bytes that an attribute of this role can have. An index key may be a partition key or a sort key, which is not
    /// declared, so the larger limit holds and the table judges the rest.
    pub(super) fn max_bytes(self) -> usize {
        match self.role {
            Role::Partition | Role::Index => MAX_PARTITION_KEY,
            Role::Sort => MAX_SORT_KEY,
        }
    }

    /// Whether the content can be this attribute.
    pub(super) fn check(self, content: &Content<'_>) -> Result<(), Rejection> {
        let wanted = match self.kind {
            KeyKind::S => "a string (S)",
            KeyKind::N => "a number (N)",
            KeyKind::B => "bytes (B)",
        };
        match (self.kind, content) {
            (KeyKind::S, Content::Text(text)) if text.is_empty() => {
                Err(Rejection::new(Reason::EmptyKey, "a key attribute cannot be the empty string"))
            }
            (KeyKind::B, Content::Bytes(bytes)) if bytes.is_empty() => {
                Err(Rejection::new(Reason::EmptyKey, "a key attribute needs at least one byte"))
            }
            (KeyKind::S, Content::Text(text)) => self.check_length(text.len()),
            (KeyKind::B, Content::Bytes(bytes)) => self.check_length(bytes.len()),
            (KeyKind::N, Content::Number(_)) => Ok(()),
            _ => Err(Rejection::new(Reason::WrongKeyType, format!("declared as {wanted}, but is {}", content.kind()))),
        }
    }

    fn check_length(self, bytes: usize) -> Result<(), Rejection> {
        if bytes <= self.max_bytes() {
            return Ok(());
        }
        let message = format!("a key attribute of {bytes} bytes; at most {} are possible", self.max_bytes());
        Err(Rejection::new(Reason::KeyTooLong, message))
    }
}
