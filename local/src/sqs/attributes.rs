//! Message attributes: what they weigh, which of them are asked for, and the MD5 that clients compute too.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::invalid_parameter;
use crate::reply::{ApiError, ApiResult};

/// By name; the MD5 wants them sorted.
pub(super) type Attributes = BTreeMap<String, Attribute>;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

/// Names, types and values in bytes, after checking them.
pub(super) fn weigh(attributes: &Attributes) -> ApiResult<usize> {
    if attributes.len() > 10 {
        return Err(invalid_parameter("Number of message attributes exceeds the allowed maximum of 10."));
    }
    attributes.iter().map(|(name, attribute)| Ok(name.len() + attribute.data_type.len() + attribute.value(name)?.1.len())).sum()
}

/// Lower-case hexadecimal MD5 as SQS defines it for attributes; `None` when there are none.
pub(super) fn md5(attributes: &Attributes) -> ApiResult<Option<String>> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    for (name, attribute) in attributes {
        let (transport, value) = attribute.value(name)?;
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, attribute.data_type.as_bytes());
        bytes.push(transport);
        push(&mut bytes, &value);
    }
    Ok(Some(hex(&Md5::digest(&bytes))))
}

/// Lower-case hexadecimal MD5 of a body.
pub(super) fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// Of `attributes`, those that a receiver names: `All`, `.*`, a name, or a prefix that ends in `.*`.
pub(super) fn asked_for(attributes: Attributes, names: &[String]) -> Attributes {
    let wanted = |attribute: &str| {
        names.iter().any(|name| match name.strip_suffix(".*") {
            Some(prefix) => attribute.starts_with(prefix),
            None => name == "All" || name == attribute,
        })
    };
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}

impl Attribute {
    /// How the value travels in the MD5 (1 text, 2 bytes) and its bytes.
    fn value(&self, name: &str) -> ApiResult<(u8, Vec<u8>)> {
        let missing = || invalid(name, "must contain a non-empty message attribute value");
        match self.data_type.split('.').next() {
            Some("String" | "Number") => {
                let text = self.string_value.as_deref().filter(|text| !text.is_empty()).ok_or_else(missing)?;
                Ok((1, text.as_bytes().to_vec()))
            }
            Some("Binary") => {
                let text = self.binary_value.as_deref().filter(|text| !text.is_empty()).ok_or_else(missing)?;
                Ok((2, STANDARD.decode(text).map_err(|_| invalid(name, "has a value that is not base64"))?))
            }
            _ => Err(invalid(name, "has an invalid message attribute type; it must begin with String, Number or Binary")),
        }
    }
}

fn invalid(name: &str, what: &str) -> ApiError {
    invalid_parameter(&format!("The message attribute '{name}' {what}."))
}

fn push(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
