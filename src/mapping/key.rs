//! Typed keys that compare as `DynamoDB` compares them.
//!
//! In: the key attributes' types and values. Out: [`Key`], equal for two items exactly when they would overwrite each other.
//! Never a text join, so no two keys collide.

use crate::number::Number;

/// The longest partition key in bytes ("Quotas in Amazon `DynamoDB`", partition keys and sort keys).
pub const MAX_PARTITION_KEY: usize = 2048;

/// The longest sort key in bytes (the same page).
pub const MAX_SORT_KEY: usize = 1024;

/// The longest name of a key attribute in bytes (the same page, naming rules).
pub const MAX_KEY_NAME: usize = 255;

/// The types that a key attribute can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    S,
    N,
    B,
}

impl KeyKind {
    /// The letter that `AttributeDefinitions` use.
    pub fn letter(self) -> &'static str {
        match self {
            KeyKind::S => "S",
            KeyKind::N => "N",
            KeyKind::B => "B",
        }
    }
}

/// A key attribute of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    pub name: String,
    pub kind: KeyKind,
}

/// The table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchema {
    pub partition: KeyAttribute,
    pub sort: Option<KeyAttribute>,
}

impl KeySchema {
    /// The names of the key's attributes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.partition).chain(&self.sort).map(|attribute| attribute.name.as_str())
    }
}

/// One attribute of a key, with its value: text, a number's digits, or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart<'a> {
    S(&'a str),
    N(&'a str),
    B(&'a [u8]),
}

/// A whole key by its typed value: the number 1 is 1.0 and 1e0, and never the text "1".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<[u8]>);

impl Key {
    /// The key of these parts. A number that `DynamoDB` could not store stands for its own text.
    pub fn new(partition: KeyPart<'_>, sort: Option<KeyPart<'_>>) -> Key {
        let mut bytes = Vec::new();
        write_part(&mut bytes, partition);
        if let Some(sort) = sort {
            write_part(&mut bytes, sort);
        }
        Key(bytes.into_boxed_slice())
    }

    /// The key of an item whose attributes `part` looks up by name, for example one that `DynamoDB` returned as unprocessed,
    /// with its numbers normalised. `None` if a key attribute is missing.
    pub fn from_attributes<'a>(schema: &KeySchema, mut part: impl FnMut(&str) -> Option<KeyPart<'a>>) -> Option<Key> {
        let partition = part(&schema.partition.name)?;
        let sort = match &schema.sort {
            Some(attribute) => Some(part(&attribute.name)?),
            None => None,
        };
        Some(Key::new(partition, sort))
    }
}

fn write_part(out: &mut Vec<u8>, part: KeyPart<'_>) {
    let canonical;
    let (tag, bytes) = match part {
        KeyPart::S(text) => (b'S', text.as_bytes()),
        KeyPart::B(bytes) => (b'B', bytes),
        KeyPart::N(digits) => {
            canonical = Number::parse(digits).and_then(|number| number.canonical());
            (b'N', canonical.as_deref().unwrap_or(digits).as_bytes())
        }
    };
    out.reserve_exact(bytes.len() + 9);
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_key_however_they_are_written() {
        let key = |digits| Key::new(KeyPart::N(digits), None);
        assert_eq!(key("1"), key("1.0"));
        assert_eq!(key("1"), key("1e0"));
        assert_eq!(key("0"), key("-0"));
        assert_ne!(key("1"), key("10"));
        assert_ne!(key("1"), Key::new(KeyPart::S("1"), None));
        assert_ne!(Key::new(KeyPart::B(b"1"), None), Key::new(KeyPart::S("1"), None));
    }

    #[test]
    fn parts_never_run_into_each_other() {
        let key = |partition, sort| Key::new(KeyPart::S(partition), Some(KeyPart::S(sort)));
        assert_ne!(key("a$", "b"), key("a", "$b"));
        assert_ne!(key("a", ""), Key::new(KeyPart::S("a"), None));
    }

    #[test]
    fn an_item_that_comes_back_finds_its_key() {
        let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
        let schema = KeySchema { partition: attribute("p", KeyKind::S), sort: Some(attribute("s", KeyKind::N)) };
        let written = Key::new(KeyPart::S("a"), Some(KeyPart::N("1.50")));
        let back = Key::from_attributes(&schema, |name| Some(if name == "p" { KeyPart::S("a") } else { KeyPart::N("1.5") }));
        assert_eq!(back, Some(written));
        assert_eq!(Key::from_attributes(&schema, |name| (name == "p").then_some(KeyPart::S("a"))), None);
    }
}
