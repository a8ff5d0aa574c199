//! A table's definition in the shape that `CreateTable` takes, as `aws dynamodb create-table --cli-input-json` reads it.

use serde_json::{Value, json};

use crate::mapping::{KeyKind, KeySchema, Mappings};

/// The table that the built-in mapping `curated` writes to.
const CURATED_RECORDS: &str = include_str!("../../tables/curated-records.json");

/// What `CreateTable` is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    input: Value,
}

impl Definition {
    /// The curated-record table with its index, under `name`.
    pub fn curated_records(name: &str) -> Result<Definition, serde_json::Error> {
        Ok(Definition::named(name, serde_json::from_str(CURATED_RECORDS)?))
    }

    /// A table on demand with the key that `mapping` writes, under `name`.
    pub fn of_mapping(name: &str, mapping: &Mappings) -> Definition {
        let key = mapping.key_schema();
        let parts: Vec<_> = std::iter::once((&key.partition, "HASH")).chain(key.sort.iter().map(|sort| (sort, "RANGE"))).collect();
        let schema: Vec<Value> = parts.iter().map(|(part, role)| json!({"AttributeName": part.name, "KeyType": role})).collect();
        let types: Vec<Value> =
            parts.iter().map(|(part, _)| json!({"AttributeName": part.name, "AttributeType": part.kind.letter()})).collect();
        Definition::named(name, input(&schema, &types))
    }

    fn named(name: &str, mut input: Value) -> Definition {
        input["TableName"] = name.into();
        Definition { name: name.to_owned(), input }
    }

    /// The body of a `CreateTable` request.
    pub fn body(&self) -> String {
        self.input.to_string()
    }
}

/// On demand, encrypted with the account's own key for DynamoDB.
fn input(schema: &[Value], types: &[Value]) -> Value {
    json!({"BillingMode": "PAY_PER_REQUEST", "SSESpecification": {"Enabled": true}, "KeySchema": schema, "AttributeDefinitions": types})
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
    use crate::mapping::KeyAttribute;

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
        let curated = Definition::curated_records("T").unwrap();
        let minimal = Definition::of_mapping("T", &mapping);
        assert_eq!(curated.input["KeySchema"], minimal.input["KeySchema"]);
        assert_eq!(curated.name, "T");
    }
}
