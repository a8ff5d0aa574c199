//! SSM Parameter Store: PutParameter and GetParameter of standard parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::json;

use crate::reply::{ApiError, ApiResult, Reply, parse};
use crate::store::{Store, now};
use crate::{ACCOUNT, REGION};

/// Limit of a standard parameter's value, in bytes.
const MAX_VALUE: usize = 4096;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    name: String,
    value: String,
    r#type: Option<String>,
    #[serde(default)]
    overwrite: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

struct Parameter {
    r#type: String,
    value: String,
    version: i64,
    modified: i64,
}

pub(crate) fn answer(store: &Store, operation: &str, body: &[u8]) -> ApiResult<Reply> {
    match operation {
        "PutParameter" => put(&store.lock(), parse(body)?),
        "GetParameter" => get(&store.lock(), &parse(body)?),
        _ => Err(ApiError::unknown_operation(&format!("AmazonSSM.{operation}"))),
    }
}

fn put(connection: &Connection, request: Put) -> ApiResult<Reply> {
    let name = plain_name(&request.name);
    let valid = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if name.is_empty() || !name.chars().all(valid) {
        return Err(validation("Parameter name: can't be empty; only letters, digits and the symbols _.-/ are allowed."));
    }
    if request.value.is_empty() {
        return Err(validation("Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"));
    }
    if request.value.len() > MAX_VALUE {
        return Err(validation(&format!("Standard tier parameters support a maximum parameter value of {MAX_VALUE} characters.")));
    }
    let before = find(connection, name)?;
    if before.is_some() && !request.overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(ApiError::new("ParameterAlreadyExists", message));
    }
    let kind = match (request.r#type, &before) {
        (Some(kind), Some(before)) if kind != before.r#type => {
            return Err(ApiError::new(
                "HierarchyTypeMismatchException",
                "The type of a parameter can't be changed; create a new parameter.",
            ));
        }
        (Some(kind), _) if matches!(kind.as_str(), "String" | "StringList" | "SecureString") => kind,
        (Some(kind), _) => return Err(ApiError::new("UnsupportedParameterType", format!("The parameter type {kind} is not supported."))),
        (None, Some(before)) => before.r#type.clone(),
        (None, None) => return Err(validation("A parameter type is required when you create a parameter.")),
    };
    let version = before.map_or(1, |before| before.version + 1);
    connection.execute(
        "INSERT OR REPLACE INTO parameters (name, type, value, version, modified) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![name, kind, request.value, version, now()],
    )?;
    Reply::ok(&json!({ "Version": version, "Tier": "Standard" }))
}

fn get(connection: &Connection, request: &Get) -> ApiResult<Reply> {
    let name = plain_name(&request.name);
    let Some(found) = find(connection, name)? else {
        return Err(ApiError::new("ParameterNotFound", format!("Parameter {name} not found.")));
    };
    // Without decryption AWS answers ciphertext: a caller that forgets to ask for the value must notice here too.
    let hidden = found.r#type == "SecureString" && !request.with_decryption;
    let value = if hidden { STANDARD.encode(format!("encrypted:{}", found.value)) } else { found.value };
    let slash = if name.starts_with('/') { "" } else { "/" };
    Reply::ok(&json!({ "Parameter": {
        "Name": name,
        "Type": found.r#type,
        "Value": value,
        "Version": found.version,
        "LastModifiedDate": seconds(found.modified),
        "ARN": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{slash}{name}"),
        "DataType": "text",
    }}))
}

fn find(connection: &Connection, name: &str) -> ApiResult<Option<Parameter>> {
    let read = |row: &Row<'_>| Ok(Parameter { r#type: row.get(0)?, value: row.get(1)?, version: row.get(2)?, modified: row.get(3)? });
    Ok(connection.query_row("SELECT type, value, version, modified FROM parameters WHERE name = ?1", [name], read).optional()?)
}

/// A parameter may be named by its ARN; `/a` and `a` are different names, and only the ARN of `/a` has no slash of its own.
fn plain_name(name: &str) -> &str {
    let Some((_, path)) = name.strip_prefix("arn:").and_then(|arn| arn.split_once(":parameter")) else { return name };
    if path.matches('/').count() > 1 { path } else { path.trim_start_matches('/') }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double's 53 bits")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn validation(message: &str) -> ApiError {
    ApiError::new("ValidationException", message)
}
