//! A table's definition in the shape that `CreateTable` takes, as `aws dynamodb create-table --cli-input-json` reads it.
//!
//! In: such a text, the properties of CloudFormation's `AWS::DynamoDB::Table`, or that resource as a whole. Out: [`Definition`], found
//! good before any call, or [`DefinitionError`] with the place of the first fault. Pure.

use serde_json::{Map, Value, json};

use super::resource::properties;
use super::{check, shape};
use crate::mapping::{KeyAttribute, KeyKind, KeySchema, Mappings};

/// The table that the built-in mapping `curated` writes to.
const CURATED_RECORDS: &str = include_str!("../../tables/curated-records.json");

/// What is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.pointer))]
pub struct DefinitionError {
    /// The JSON Pointer (RFC 6901) of the value at fault; empty for the whole.
    pub pointer: String,
    pub message: String,
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the definition ".to_owned() } else { format!("{pointer} ") }
}

impl DefinitionError {
    pub(super) fn at(pointer: &str, message: impl Into<String>) -> DefinitionError {
        DefinitionError { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// What `CreateTable` is sent, and the time to live that is set afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    /// The attribute that holds the second at which an item expires, if items do.
    pub time_to_live: Option<String>,
    /// Properties in the file that are no part of creating a table; whoever reads the file is to be told.
    pub left_out: Vec<&'static str>,
    pub(super) input: Value,
}

impl Definition {
    /// Reads a definition. `name` stands in for the file's `TableName`, which may be absent then.
    pub fn parse(text: &str, name: Option<&str>) -> Result<Definition, DefinitionError> {
        let value = serde_json::from_str(text).map_err(|error| DefinitionError::at("", format!("is not JSON: {error}")))?;
        Definition::of_value(value, name)
    }

    /// Reads a definition from a value that another format was read into.
    pub fn of_value(value: Value, name: Option<&str>) -> Result<Definition, DefinitionError> {
        let (base, properties) = properties(value)?;
        Definition::of_properties(&properties, name)
            .map_err(|error| DefinitionError { pointer: format!("{base}{}", error.pointer), ..error })
    }

    fn of_properties(properties: &Value, name: Option<&str>) -> Result<Definition, DefinitionError> {
        let mut input = shape::read(properties)?;
        let left_out = take_left_out(&mut input);
        let time_to_live = time_to_live(input.remove("TimeToLiveSpecification").as_ref())?;
        if let Some(name) = name {
            input.insert("TableName".to_owned(), name.into());
        }
        complete(&mut input);
        check::check(&input)?;
        let name = input.get("TableName").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Definition { name, time_to_live, left_out, input: Value::Object(input) })
    }

    /// The curated-record table with its index, under `name`.
    pub fn curated_records(name: &str) -> Result<Definition, DefinitionError> {
        Definition::parse(CURATED_RECORDS, Some(name))
    }

    /// A table on demand, encrypted by KMS, with the key that `mapping` writes, under `name`.
    pub fn of_mapping(name: &str, mapping: &Mappings) -> Definition {
        let key = mapping.key_schema();
        let parts: Vec<_> = std::iter::once((&key.partition, "HASH")).chain(key.sort.iter().map(|sort| (sort, "RANGE"))).collect();
        let schema: Vec<Value> = parts.iter().map(|(part, role)| json!({"AttributeName": part.name, "KeyType": role})).collect();
        let types: Vec<Value> =
            parts.iter().map(|(part, _)| json!({"AttributeName": part.name, "AttributeType": part.kind.letter()})).collect();
        let input = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": {"Enabled": true},
            "KeySchema": schema,
            "AttributeDefinitions": types,
        });
        Definition { name: name.to_owned(), time_to_live: None, left_out: Vec::new(), input }
    }

    /// The body of a `CreateTable` request.
    pub fn body(&self) -> String {
        self.input.to_string()
    }

    /// The whole definition again, as a file would have it.
    pub fn file(&self) -> Value {
        let mut file = self.input.clone();
        if let Some(attribute) = &self.time_to_live {
            file["TimeToLiveSpecification"] = json!({"AttributeName": attribute, "Enabled": true});
        }
        file
    }

    /// The key of the table, or of one of its indexes. `None` if there is no such index, or its key has more than two attributes.
    pub fn key(&self, index: Option<&str>) -> Option<KeySchema> {
        let holder = match index {
            None => &self.input,
            Some(name) => self.indexes().find(|(_, index)| index["IndexName"] == name)?.1,
        };
        let mut parts = list(&holder["KeySchema"]).map(|part| self.attribute(part["AttributeName"].as_str()?));
        let (partition, sort) = (parts.next()??, parts.next());
        let two = parts.next().is_none() && list(&holder["KeySchema"]).skip(1).all(|part| part["KeyType"] == "RANGE");
        two.then_some(KeySchema { partition, sort: sort.flatten() })
    }

    /// The names of all indexes.
    pub fn index_names(&self) -> Vec<&str> {
        self.indexes().filter_map(|(_, index)| index["IndexName"].as_str()).collect()
    }

    /// Whether the index is a global one, which cannot be read consistently.
    pub fn is_global(&self, index: &str) -> bool {
        self.indexes().any(|(kind, found)| kind == GLOBAL && found["IndexName"] == index)
    }

    /// Every index with the member that holds it.
    pub(super) fn indexes(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        [GLOBAL, LOCAL].into_iter().flat_map(|kind| list(&self.input[kind]).map(move |index| (kind, index)))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<KeyAttribute> {
        let defined = list(&self.input["AttributeDefinitions"]).find(|defined| defined["AttributeName"] == name)?;
        let kind = match defined["AttributeType"].as_str()? {
            "S" => KeyKind::S,
            "N" => KeyKind::N,
            _ => KeyKind::B,
        };
        Some(KeyAttribute { name: name.to_owned(), kind })
    }
}

pub(super) const GLOBAL: &str = "GlobalSecondaryIndexes";
pub(super) const LOCAL: &str = "LocalSecondaryIndexes";

/// The elements of an array; none of anything else.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn time_to_live(specification: Option<&Value>) -> Result<Option<String>, DefinitionError> {
    let Some(specification) = specification else { return Ok(None) };
    let place = "/TimeToLiveSpecification";
    let enabled = specification["Enabled"].as_bool().ok_or_else(|| DefinitionError::at(place, "lacks Enabled: true or false"))?;
    let attribute = specification["AttributeName"].as_str().filter(|name| !name.is_empty());
    match (enabled, attribute) {
        (false, _) => Ok(None),
        (true, Some(attribute)) => Ok(Some(attribute.to_owned())),
        (true, None) => Err(DefinitionError::at(place, "lacks AttributeName, the attribute that holds the time")),
    }
}

/// Takes away what other calls than `CreateTable` and `UpdateTimeToLive` set, and names it.
fn take_left_out(input: &mut Map<String, Value>) -> Vec<&'static str> {
    let is_text = input.get("ResourcePolicy").is_some_and(Value::is_string);
    let names = shape::LEFT_OUT.iter().copied().filter(|name| !(is_text && *name == "ResourcePolicy"));
    let mut left_out: Vec<&'static str> = names.filter(|name| input.remove(*name).is_some()).collect();
    let mut take = |holder: Option<&mut Value>, name: &str, told: &'static str| {
        if holder.and_then(Value::as_object_mut).is_some_and(|members| members.remove(name).is_some()) && !left_out.contains(&told) {
            left_out.push(told);
        }
    };
    take(input.get_mut("StreamSpecification"), "ResourcePolicy", "ResourcePolicy of the stream");
    for index in input.get_mut(GLOBAL).and_then(Value::as_array_mut).into_iter().flatten() {
        take(Some(index), "ContributorInsightsSpecification", "ContributorInsightsSpecification of an index");
    }
    left_out
}

/// Says what CloudFormation implies, and drops lists that are empty, which `CreateTable` refuses.
fn complete(input: &mut Map<String, Value>) {
    if let Some(stream) = input.get_mut("StreamSpecification").and_then(Value::as_object_mut) {
        stream.entry("StreamEnabled").or_insert(true.into());
    }
    input.retain(|name, value| {
        name == "KeySchema" || name == "AttributeDefinitions" || value.as_array().is_none_or(|list| !list.is_empty())
    });
}

/// Says how a live table's key differs from the mapping's, if it does.
pub fn key_difference(table: &str, live: &KeySchema, mapping: &KeySchema) -> Option<String> {
    (live != mapping).then(|| format!("table {table} has the key {}, but the mapping writes the key {}", shown(live), shown(mapping)))
}

fn shown(key: &KeySchema) -> String {
    let part = |name: &str, kind: KeyKind| format!("{name} ({})", kind.letter());
    let sort = key.sort.as_ref().map_or_else(String::new, |sort| format!(" + {}", part(&sort.name, sort.kind)));
    part(&key.partition.name, key.partition.kind) + &sort
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: &str, sort: Option<&str>) -> KeySchema {
        let attribute = |name: &str| KeyAttribute { name: name.to_owned(), kind: KeyKind::S };
        KeySchema { partition: attribute(partition), sort: sort.map(attribute) }
    }

    #[test]
    fn a_difference_shows_both_keys() {
        assert_eq!(key_difference("T", &key("a", None), &key("a", None)), None);
        assert_eq!(
            key_difference("T", &key("a", Some("b")), &key("id", None)).unwrap(),
            "table T has the key a (S) + b (S), but the mapping writes the key id (S)"
        );
    }

    #[test]
    fn the_curated_definition_has_the_built_in_mappings_key() {
        let mapping = Mappings::built_in("curated", true).unwrap();
        let curated = Definition::curated_records("CuratedRecords").unwrap();
        let minimal = Definition::of_mapping("CuratedRecords", &mapping);
        assert_eq!(curated.key(None), minimal.key(None));
        assert_eq!(curated.key(Some("BatchId-DataTableName-index")), Some(key("BatchId", Some("DataTableName"))));
        assert_eq!(curated.name, "CuratedRecords");
    }
}
