//! What the members of a definition must be together, found before any call.
//!
//! In: a definition whose single members are sound. Out: the first fault with its place. Service limits that an account can raise are left
//! to the service.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::definition::{DefinitionError, GLOBAL, LOCAL, list};
use crate::mapping::suggest::hint;

/// Local indexes of a table ("Quotas in Amazon `DynamoDB`", secondary indexes).
const MOST_LOCAL: usize = 5;
/// Partition and sort attributes that a global index may have, each ("Multi-attribute keys" in the developer guide).
const MOST_PARTS: usize = 4;

type Checked = Result<(), DefinitionError>;

fn fault(place: &str, message: impl Into<String>) -> Checked {
    Err(DefinitionError::at(place, message))
}

/// Checks a whole definition.
pub(super) fn check(input: &Map<String, Value>) -> Checked {
    let definition = &Value::Object(input.clone());
    for required in ["TableName", "KeySchema", "AttributeDefinitions"] {
        if !input.contains_key(required) {
            return fault(&format!("/{required}"), "is missing");
        }
    }
    name(&definition["TableName"], "/TableName")?;
    let defined = defined(definition)?;
    key(&definition["KeySchema"], "/KeySchema", &defined, 1)?;
    let (mut names, mut used) = (BTreeSet::new(), key_names(&definition["KeySchema"]));
    for kind in [GLOBAL, LOCAL] {
        for (index, holder) in list(&definition[kind]).enumerate() {
            let place = format!("/{kind}/{index}");
            check_index(holder, &place, &defined, if kind == GLOBAL { MOST_PARTS } else { 1 })?;
            if kind == LOCAL {
                local(holder, definition, &place)?;
            }
            if !names.insert(holder["IndexName"].as_str()) {
                return fault(&format!("{place}/IndexName"), "is the name of another index, too");
            }
            used.extend(key_names(&holder["KeySchema"]));
        }
    }
    if list(&definition[LOCAL]).count() > MOST_LOCAL {
        return fault(&format!("/{LOCAL}"), format!("has more than {MOST_LOCAL} indexes"));
    }
    if let Some(unused) = defined.iter().position(|name| !used.contains(name)) {
        let message = format!("defines `{}`, which no key uses; only attributes of keys are defined, so take it out", defined[unused]);
        return fault(&format!("/AttributeDefinitions/{unused}"), message);
    }
    throughput(definition)?;
    stream(definition)
}

/// The defined attributes, each once.
fn defined(definition: &Value) -> Result<Vec<&str>, DefinitionError> {
    let mut names = Vec::new();
    for (index, attribute) in list(&definition["AttributeDefinitions"]).enumerate() {
        let place = format!("/AttributeDefinitions/{index}");
        let name = text(attribute, "AttributeName", &place)?;
        text(attribute, "AttributeType", &place)?;
        if names.contains(&name) {
            return Err(DefinitionError::at(&place, format!("defines `{name}` once more")));
        }
        names.push(name);
    }
    Ok(names)
}

/// A key: one to `most` partition attributes, then up to `most` sort attributes, all defined.
fn key(schema: &Value, place: &str, defined: &[&str], most: usize) -> Checked {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (index, part) in list(schema).enumerate() {
        let place = format!("{place}/{index}");
        let (name, role) = (text(part, "AttributeName", &place)?, text(part, "KeyType", &place)?);
        if !defined.contains(&name) {
            let place = format!("{place}/AttributeName");
            return fault(&place, format!("is `{name}`, which AttributeDefinitions does not define{}", hint(name, defined)));
        }
        if seen.iter().any(|(other, _)| *other == name) {
            return fault(&place, format!("names `{name}` once more"));
        }
        if role == "HASH" && seen.iter().any(|(_, other)| *other == "RANGE") {
            return fault(&place, "is a HASH behind a RANGE; the partition key comes first");
        }
        seen.push((name, role));
        if seen.iter().filter(|(_, other)| *other == role).count() > most {
            return fault(&place, format!("is one {role} too many; {most} at most"));
        }
    }
    if seen.first().is_none_or(|(_, role)| *role != "HASH") {
        return fault(place, "has no partition key: an element with the KeyType HASH");
    }
    Ok(())
}

fn check_index(index: &Value, place: &str, defined: &[&str], most_parts: usize) -> Checked {
    name(&index["IndexName"], &format!("{place}/IndexName"))?;
    key(&index["KeySchema"], &format!("{place}/KeySchema"), defined, most_parts)?;
    let place = format!("{place}/Projection");
    let kind = text(&index["Projection"], "ProjectionType", &place)?;
    match (kind, list(&index["Projection"]["NonKeyAttributes"]).next().is_some()) {
        ("INCLUDE", false) => fault(&place, "is INCLUDE, but NonKeyAttributes names nothing"),
        ("KEYS_ONLY" | "ALL", true) => fault(&place, format!("is {kind}, so NonKeyAttributes has no meaning; INCLUDE takes it")),
        _ => Ok(()),
    }
}

/// A local index shares the table's partition key and has a sort key of its own.
fn local(index: &Value, definition: &Value, place: &str) -> Checked {
    let table = &definition["KeySchema"];
    let partition = |schema: &Value| schema[0]["AttributeName"].as_str().unwrap_or_default().to_owned();
    if table.get(1).is_none() {
        return fault(place, "is a local index, but the table has no sort key; make it a global index, or give the table a sort key");
    }
    if partition(&index["KeySchema"]) != partition(table) {
        let message = format!(
            "is `{}`, but a local index has the table's partition key, `{}`; make it a global index for another one",
            partition(&index["KeySchema"]),
            partition(table)
        );
        return fault(&format!("{place}/KeySchema/0/AttributeName"), message);
    }
    match index["KeySchema"].get(1) {
        None => fault(&format!("{place}/KeySchema"), "has no sort key: an element with the KeyType RANGE"),
        Some(_) => Ok(()),
    }
}

/// Capacity is given exactly where the billing mode asks for it.
fn throughput(definition: &Value) -> Checked {
    let on_demand = definition["BillingMode"] == "PAY_PER_REQUEST";
    let indexes = list(&definition[GLOBAL]).enumerate().map(|(index, holder)| (holder, format!("/{GLOBAL}/{index}")));
    for (holder, place) in std::iter::once((definition, String::new())).chain(indexes) {
        let (place, throughput) = (format!("{place}/ProvisionedThroughput"), &holder["ProvisionedThroughput"]);
        let units = |name: &str| throughput[name].as_u64().unwrap_or(0);
        if on_demand && (units("ReadCapacityUnits") > 0 || units("WriteCapacityUnits") > 0) {
            return fault(&place, "stands beside the BillingMode PAY_PER_REQUEST; take one of them out");
        }
        if !on_demand && throughput.is_null() {
            return fault(&place, "is missing; give it, or the BillingMode PAY_PER_REQUEST");
        }
        if !on_demand && (units("ReadCapacityUnits") == 0 || units("WriteCapacityUnits") == 0) {
            return fault(&place, "must have ReadCapacityUnits and WriteCapacityUnits, both at least 1");
        }
    }
    Ok(())
}

fn stream(definition: &Value) -> Checked {
    let stream = &definition["StreamSpecification"];
    match (stream["StreamEnabled"].as_bool(), stream["StreamViewType"].as_str()) {
        (Some(true), None) => fault("/StreamSpecification", "lacks StreamViewType"),
        (Some(false), Some(_)) => fault("/StreamSpecification", "has a StreamViewType, but StreamEnabled is false"),
        _ => Ok(()),
    }
}

/// A table's or an index's name: 3 to 255 letters, digits, `_`, `-` and `.` ("Naming rules" in the developer guide).
fn name(name: &Value, place: &str) -> Checked {
    let Some(name) = name.as_str() else { return fault(place, "is missing") };
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if (3..=255).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    fault(place, "must have 3 to 255 of the characters a-z, A-Z, 0-9, _, - and .")
}

fn key_names(schema: &Value) -> BTreeSet<&str> {
    list(schema).filter_map(|part| part["AttributeName"].as_str()).collect()
}

fn text<'v>(holder: &'v Value, name: &str, place: &str) -> Result<&'v str, DefinitionError> {
    let text = holder[name].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| DefinitionError::at(&format!("{place}/{name}"), "is missing"))
}
