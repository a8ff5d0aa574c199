//! The configuration file: YAML in, declarations out, or the first fault with its line and column. Reads nothing by itself.
//!
//! ```yaml
//! entries:
//!   - table_name: orders
//!     url: https://example.com/changes
//! ```

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use ulid::Ulid;
use uuid::Uuid;

use crate::subscription::{Declaration, FieldError};

/// What is wrong with a file, and where; both counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} column {column}: {message}")]
pub struct ConfigError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    entries: Vec<Entry>,
}

/// Read inside a visitor, so that what is wrong with it gets its place.
struct Entry(Declaration);

/// Reads a file's text. Each table and URL may be there once.
pub fn parse(text: &str) -> Result<Vec<Declaration>, ConfigError> {
    let file: File = serde_yaml_ng::from_str(text).map_err(|error| fault(text, &error))?;
    let declarations: Vec<Declaration> = file.entries.into_iter().map(|entry| entry.0).collect();
    for (index, declaration) in declarations.iter().enumerate() {
        let same = |other: &Declaration| other.table_name == declaration.table_name && other.url == declaration.url;
        if let Some(first) = declarations[..index].iter().position(same) {
            let (line, column) = place_of(text, index);
            let message = format!("entries[{index}] has the table_name and the url of entries[{first}]; keep one of them");
            return Err(ConfigError { line, column, message });
        }
    }
    Ok(declarations)
}

/// The id of a file's entry, in the form of a ULID; the same as long as it has its table and URL.
pub fn id(declaration: &Declaration) -> String {
    let name = format!("{}\n{}", declaration.table_name, declaration.url);
    Ulid(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).as_u128()).to_string()
}

fn fault(text: &str, error: &serde_yaml_ng::Error) -> ConfigError {
    let colon = text.lines().position(|line| line.trim_end() == "entries");
    if let Some(index) = colon {
        let message = "a colon is missing after `entries`: it is `entries:`".to_owned();
        return ConfigError { line: index + 1, column: "entries".len() + 1, message };
    }
    let (line, column) = error.location().map_or((1, 1), |place| (place.line().max(1), place.column().max(1)));
    let whole = error.to_string();
    // The place stands in front of the message already.
    let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message).to_owned();
    ConfigError { line, column, message }
}

/// Where the list's element of this index begins: by the dashes that are as far to the right as the first.
fn place_of(text: &str, index: usize) -> (usize, usize) {
    let mut dashes = text.lines().enumerate().filter_map(|(line, text)| {
        let column = text.find(|letter: char| letter != ' ')?;
        text[column..].starts_with('-').then_some((line + 1, column + 1))
    });
    let Some(first) = dashes.next() else { return (1, 1) };
    std::iter::once(first).chain(dashes.filter(|place| place.1 == first.1)).nth(index).unwrap_or(first)
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subscription with table_name and url")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        Declaration::parse(&value).map(Entry).map_err(|errors| A::Error::custom(told(&errors)))
    }
}

fn told(errors: &[FieldError]) -> String {
    let told: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.messages.join(", "))).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "entries:\n  - table_name: orders\n    url: https://a/\n  - table_name: orders\n    url: https://b/\n    batch: {max_records: 7}\n";

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn entries_become_declarations_whose_ids_last() {
        let declarations = parse(GOOD).unwrap();
        assert_eq!((declarations.len(), declarations[1].batch.max_records), (2, 7));
        let [first, second] = [0, 1].map(|index| id(&declarations[index]));
        assert_ne!(first, second);
        let changed = parse(&GOOD.replace('7', "8")).unwrap();
        assert_eq!(id(&changed[1]), second);
        assert!(first.len() == 26 && Ulid::from_string(&first).is_ok(), "{first}");
        assert_eq!(parse("entries: []").unwrap(), []);
    }

    #[test]
    fn a_missing_colon_gets_a_hint_with_its_place() {
        for text in ["# relay\nentries\n  - table_name: orders\n", "# relay\nentries\n- table_name: orders\n", "#\nentries\n"] {
            assert_eq!(error(text), "line 2 column 8: a colon is missing after `entries`: it is `entries:`");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        for (text, place, part) in [
            (GOOD.replace("url: https://b/", "uri: https://b/"), "line 4 column 5", "did you mean `url`"),
            (GOOD.replace("url: https://b/", "uri: https://b/"), "line 4 column 5", "url: required"),
            (GOOD.replace("https://a/", "ftp://a/"), "line 2 column 5", "url: is of the scheme ftp"),
            ("entries:\n  - orders\n".to_owned(), "line 2 column 5", "a subscription with table_name and url"),
            ("entries:\n  - table_name: [\n".to_owned(), "line 3 column 1", ""),
            ("entries: []\nentrys: []\n".to_owned(), "line 2 column 1", "unknown field `entrys`"),
            (String::new(), "line 1 column 1", ""),
            (GOOD.replace("https://b/", "https://a/"), "line 4 column 3", "entries[1] has the table_name and the url of entries[0]"),
        ] {
            let told = error(&text);
            assert!(told.starts_with(place) && told.contains(part), "{text}: {told}");
        }
    }
}
