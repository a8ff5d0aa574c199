//! The resource of CloudFormation that may stand around a table's properties.
//!
//! In: a file's value. Out: the properties and their place in it, or what is wrong with the resource.

use serde_json::Value;

use super::definition::DefinitionError;
use crate::mapping::suggest::hint;

const RESOURCE_TYPE: &str = "AWS::DynamoDB::Table";
/// What may stand beside `Properties` in a resource; none of it concerns a table's shape.
const RESOURCE_MEMBERS: &[&str] = &[
    "Type",
    "Properties",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "DependsOn",
    "Metadata",
    "Condition",
    "CreationPolicy",
    "UpdatePolicy",
];

/// The properties, out of the resource that may be around them, and their place.
pub(super) fn properties(mut value: Value) -> Result<(&'static str, Value), DefinitionError> {
    let Some(resource) = value.as_object_mut() else { return Err(DefinitionError::at("", "must be an object")) };
    if !resource.contains_key("Type") && !resource.contains_key("Properties") {
        return Ok(("", value));
    }
    if let Some(unknown) = resource.keys().find(|name| !RESOURCE_MEMBERS.contains(&name.as_str())) {
        return Err(DefinitionError::at(&format!("/{unknown}"), format!("is no member of a resource{}", hint(unknown, RESOURCE_MEMBERS))));
    }
    if resource.get("Type").and_then(Value::as_str) != Some(RESOURCE_TYPE) {
        return Err(DefinitionError::at("/Type", format!("must be {RESOURCE_TYPE}")));
    }
    let properties = resource.remove("Properties").ok_or_else(|| DefinitionError::at("/Properties", "is missing"))?;
    Ok(("/Properties", properties))
}
