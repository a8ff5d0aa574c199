//! What a definition file may contain: the members of `CreateTable` and of CloudFormation's `AWS::DynamoDB::Table`.
//!
//! In: a JSON value. Out: the same with every word of CloudFormation turned into `CreateTable`'s, or the first fault with its place.
//! Knows single members only; what they must be together is [`super::check`]'s.

use serde_json::{Map, Value};

use super::definition::DefinitionError;
use crate::mapping::suggest::hint;

/// What stands at a place.
enum Shape {
    Text,
    /// `true`, or CloudFormation's `"true"`.
    Flag,
    /// A whole number, or CloudFormation's `"5"`.
    Count,
    Word(&'static [&'static str]),
    List(&'static Shape),
    Object(&'static [Member]),
    /// Passed on, or left out, as it is.
    Any,
}

/// A member's name, the name that `CreateTable` has for it, and what it holds.
struct Member(&'static str, &'static str, Shape);

const fn same(name: &'static str, shape: Shape) -> Member {
    Member(name, name, shape)
}

const KEY_SCHEMA: Shape =
    Shape::List(&Shape::Object(&[same("AttributeName", Shape::Text), same("KeyType", Shape::Word(&["HASH", "RANGE"]))]));
const ATTRIBUTES: Shape =
    Shape::List(&Shape::Object(&[same("AttributeName", Shape::Text), same("AttributeType", Shape::Word(&["S", "N", "B"]))]));
const PROJECTION: Shape = Shape::Object(&[
    same("ProjectionType", Shape::Word(&["KEYS_ONLY", "INCLUDE", "ALL"])),
    same("NonKeyAttributes", Shape::List(&Shape::Text)),
]);
const PROVISIONED: Shape = Shape::Object(&[same("ReadCapacityUnits", Shape::Count), same("WriteCapacityUnits", Shape::Count)]);
const ON_DEMAND: Shape = Shape::Object(&[same("MaxReadRequestUnits", Shape::Count), same("MaxWriteRequestUnits", Shape::Count)]);
const WARM: Shape = Shape::Object(&[same("ReadUnitsPerSecond", Shape::Count), same("WriteUnitsPerSecond", Shape::Count)]);
const VIEWS: &[&str] = &["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"];

const DEFINITION: Shape = Shape::Object(&[
    same("TableName", Shape::Text),
    same("KeySchema", KEY_SCHEMA),
    same("AttributeDefinitions", ATTRIBUTES),
    same("BillingMode", Shape::Word(&["PAY_PER_REQUEST", "PROVISIONED"])),
    same("ProvisionedThroughput", PROVISIONED),
    same("OnDemandThroughput", ON_DEMAND),
    same("WarmThroughput", WARM),
    same(
        "GlobalSecondaryIndexes",
        Shape::List(&Shape::Object(&[
            same("IndexName", Shape::Text),
            same("KeySchema", KEY_SCHEMA),
            same("Projection", PROJECTION),
            same("ProvisionedThroughput", PROVISIONED),
            same("OnDemandThroughput", ON_DEMAND),
            same("WarmThroughput", WARM),
            same("ContributorInsightsSpecification", Shape::Any),
        ])),
    ),
    same(
        "LocalSecondaryIndexes",
        Shape::List(&Shape::Object(&[same("IndexName", Shape::Text), same("KeySchema", KEY_SCHEMA), same("Projection", PROJECTION)])),
    ),
    same(
        "StreamSpecification",
        Shape::Object(&[
            same("StreamEnabled", Shape::Flag),
            same("StreamViewType", Shape::Word(VIEWS)),
            same("ResourcePolicy", Shape::Any),
        ]),
    ),
    same(
        "SSESpecification",
        Shape::Object(&[
            same("Enabled", Shape::Flag),
            Member("SSEEnabled", "Enabled", Shape::Flag),
            same("SSEType", Shape::Word(&["AES256", "KMS"])),
            same("KMSMasterKeyId", Shape::Text),
        ]),
    ),
    same("TimeToLiveSpecification", Shape::Object(&[same("AttributeName", Shape::Text), same("Enabled", Shape::Flag)])),
    same("Tags", Shape::List(&Shape::Object(&[same("Key", Shape::Text), same("Value", Shape::Text)]))),
    same("TableClass", Shape::Word(&["STANDARD", "STANDARD_INFREQUENT_ACCESS"])),
    same("DeletionProtectionEnabled", Shape::Flag),
    same("ResourcePolicy", Shape::Any),
    same("PointInTimeRecoverySpecification", Shape::Any),
    same("ContributorInsightsSpecification", Shape::Any),
    same("KinesisStreamSpecification", Shape::Any),
    same("ImportSourceSpecification", Shape::Any),
]);

/// Properties of CloudFormation that are other calls than `CreateTable` and `UpdateTimeToLive`; they are left out, and told.
pub(super) const LEFT_OUT: &[&str] = &[
    "ResourcePolicy",
    "PointInTimeRecoverySpecification",
    "ContributorInsightsSpecification",
    "KinesisStreamSpecification",
    "ImportSourceSpecification",
];

/// Reads a whole definition.
pub(super) fn read(value: &Value) -> Result<Map<String, Value>, DefinitionError> {
    match read_as(&DEFINITION, value, "")? {
        Value::Object(members) => Ok(members),
        _ => Err(DefinitionError::at("", "must be an object")),
    }
}

fn read_as(shape: &Shape, value: &Value, place: &str) -> Result<Value, DefinitionError> {
    if let Some(function) = function_of_cloudformation(shape, value) {
        return Err(DefinitionError::at(place, format!("is {function}, which only CloudFormation can resolve; write the value itself")));
    }
    let wrong = |expected: &str| Err(DefinitionError::at(place, format!("must be {expected}")));
    match (shape, value) {
        (Shape::Any, any) => Ok(any.clone()),
        (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => Ok(value.clone()),
        (Shape::Flag, Value::String(text)) if text == "true" || text == "false" => Ok((text == "true").into()),
        (Shape::Count, Value::Number(number)) if number.is_u64() => Ok(value.clone()),
        (Shape::Count, Value::String(text)) if text.parse::<u64>().is_ok() => Ok(text.parse::<u64>().unwrap_or_default().into()),
        (Shape::Word(words), Value::String(word)) if words.contains(&word.as_str()) => Ok(value.clone()),
        (Shape::Word(words), Value::String(word)) => Err(DefinitionError::at(place, format!("cannot be `{word}`{}", hint(word, words)))),
        (Shape::List(shape), Value::Array(elements)) => {
            elements.iter().enumerate().map(|(index, element)| read_as(shape, element, &format!("{place}/{index}"))).collect()
        }
        (Shape::Object(known), Value::Object(members)) => object(known, members, place),
        (Shape::Text, _) => wrong("a text"),
        (Shape::Flag, _) => wrong("true or false"),
        (Shape::Count, _) => wrong("a whole number"),
        (Shape::Word(words), _) => wrong(&format!("one of {}", words.join(", "))),
        (Shape::List(_), _) => wrong("an array"),
        (Shape::Object(_), _) => wrong("an object"),
    }
}

fn object(known: &[Member], members: &Map<String, Value>, place: &str) -> Result<Value, DefinitionError> {
    let mut read = Map::new();
    for (name, value) in members {
        let place = format!("{place}/{name}");
        let Some(Member(_, name, shape)) = known.iter().find(|member| member.0 == name) else {
            let names: Vec<&str> = known.iter().map(|member| member.0).collect();
            return Err(DefinitionError::at(&place, format!("is no member of a table's definition{}", hint(name, &names))));
        };
        read.insert((*name).to_owned(), read_as(shape, value, &place)?);
    }
    Ok(Value::Object(read))
}

/// `Ref` or `Fn::…`, if the value is such a call where something else must stand.
fn function_of_cloudformation<'v>(shape: &Shape, value: &'v Value) -> Option<&'v str> {
    let (name, _) = value.as_object().filter(|members| members.len() == 1)?.iter().next()?;
    (!matches!(shape, Shape::Any) && (name == "Ref" || name.starts_with("Fn::"))).then_some(name)
}
