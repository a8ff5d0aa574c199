//! Queues: create, find, list, describe, change, purge, delete.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::json;

use super::invalid_parameter;
use crate::reply::{ApiError, ApiResult, Reply};
use crate::store::now;
use crate::{ACCOUNT, REGION};

/// Limit of a message, and of a batch, in bytes.
pub(super) const MAX_SIZE: i64 = 1_048_576;

/// The attributes that can be set: name, column, default, least, most.
const SETTINGS: [(&str, &str, i64, i64, i64); 5] = [
    ("VisibilityTimeout", "visibility_timeout", 30, 0, 43_200),
    ("MessageRetentionPeriod", "retention", 345_600, 60, 1_209_600),
    ("MaximumMessageSize", "maximum_size", MAX_SIZE, 1024, MAX_SIZE),
    ("DelaySeconds", "delay", 0, 0, 900),
    ("ReceiveMessageWaitTimeSeconds", "wait", 0, 0, 20),
];

/// A queue's settings; times in seconds, sizes in bytes.
pub(super) struct Queue {
    pub name: String,
    created: i64,
    modified: i64,
    pub visibility_timeout: i64,
    pub retention: i64,
    pub maximum_size: i64,
    pub delay: i64,
    wait: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(default)]
    queue_name_prefix: String,
}

pub(super) fn create(connection: &Connection, endpoint: &str, request: &Named) -> ApiResult<Reply> {
    let name = &request.queue_name;
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 80 || !name.chars().all(valid) {
        return Err(invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"));
    }
    let wanted = settings(&request.attributes)?;
    if let Some(existing) = by_name(connection, name)? {
        for ((attribute, _), value) in request.attributes.iter().zip(&wanted) {
            if existing.setting(attribute) != Some(value.1) {
                let message = format!("A queue already exists with the same name and a different value for attribute {attribute}");
                return Err(ApiError::new("QueueNameExists", message));
            }
        }
    } else {
        let defaults = SETTINGS.map(|(_, _, default, ..)| default);
        connection.execute(
            "INSERT INTO queues (name, created, modified, visibility_timeout, retention, maximum_size, delay, wait)
             VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![name, now(), defaults[0], defaults[1], defaults[2], defaults[3], defaults[4]],
        )?;
        change(connection, name, &wanted)?;
    }
    Reply::ok(&json!({ "QueueUrl": queue_url(endpoint, name) }))
}

pub(super) fn url(connection: &Connection, endpoint: &str, request: &Named) -> ApiResult<Reply> {
    let queue = by_name(connection, &request.queue_name)?.ok_or_else(does_not_exist)?;
    Reply::ok(&json!({ "QueueUrl": queue_url(endpoint, &queue.name) }))
}

pub(super) fn list(connection: &Connection, endpoint: &str, request: &List) -> ApiResult<Reply> {
    let mut statement = connection.prepare("SELECT name FROM queues ORDER BY name")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let urls: Vec<String> =
        names.iter().filter(|name| name.starts_with(&request.queue_name_prefix)).map(|name| queue_url(endpoint, name)).collect();
    Reply::ok(&if urls.is_empty() { json!({}) } else { json!({ "QueueUrls": urls }) })
}

pub(super) fn attributes(connection: &Connection, request: &OfQueue) -> ApiResult<Reply> {
    let queue = find(connection, &request.queue_url)?;
    expire(connection, &queue)?;
    let now = now();
    let [visible, in_flight, delayed]: [i64; 3] = connection.query_row(
        "SELECT count(*) FILTER (WHERE visible_at <= ?2), count(*) FILTER (WHERE visible_at > ?2 AND receipt IS NOT NULL),
                count(*) FILTER (WHERE visible_at > ?2 AND receipt IS NULL) FROM messages WHERE queue = ?1",
        params![queue.name, now],
        |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]),
    )?;
    let mut all: BTreeMap<&str, String> =
        SETTINGS.iter().filter_map(|(name, ..)| Some((*name, queue.setting(name)?.to_string()))).collect();
    all.insert("ApproximateNumberOfMessages", visible.to_string());
    all.insert("ApproximateNumberOfMessagesNotVisible", in_flight.to_string());
    all.insert("ApproximateNumberOfMessagesDelayed", delayed.to_string());
    all.insert("CreatedTimestamp", (queue.created / 1000).to_string());
    all.insert("LastModifiedTimestamp", (queue.modified / 1000).to_string());
    all.insert("QueueArn", format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name));
    if let Some(unknown) = request.attribute_names.iter().find(|name| *name != "All" && !all.contains_key(name.as_str())) {
        return Err(ApiError::new("InvalidAttributeName", format!("Unknown Attribute {unknown}.")));
    }
    if !request.attribute_names.iter().any(|name| name == "All") {
        all.retain(|name, _| request.attribute_names.iter().any(|wanted| wanted == name));
    }
    Reply::ok(&if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
}

pub(super) fn set_attributes(connection: &Connection, request: &Set) -> ApiResult<Reply> {
    let queue = find(connection, &request.queue_url)?;
    change(connection, &queue.name, &settings(&request.attributes)?)?;
    Reply::ok(&json!({}))
}

pub(super) fn purge(connection: &Connection, request: &OfQueue) -> ApiResult<Reply> {
    let queue = find(connection, &request.queue_url)?;
    connection.execute("DELETE FROM messages WHERE queue = ?1", [queue.name])?;
    Reply::ok(&json!({}))
}

pub(super) fn delete(connection: &Connection, request: &OfQueue) -> ApiResult<Reply> {
    let queue = find(connection, &request.queue_url)?;
    connection.execute("DELETE FROM queues WHERE name = ?1", [queue.name])?;
    Reply::ok(&json!({}))
}

/// The queue that a URL's path names. Host and port are not looked at: they change between runs.
pub(super) fn find(connection: &Connection, url: &str) -> ApiResult<Queue> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    by_name(connection, name)?.ok_or_else(does_not_exist)
}

/// Forgets the messages that are older than the queue keeps them.
pub(super) fn expire(connection: &Connection, queue: &Queue) -> ApiResult<()> {
    let oldest = now() - super::milliseconds(queue.retention);
    connection.execute("DELETE FROM messages WHERE queue = ?1 AND sent < ?2", params![queue.name, oldest])?;
    Ok(())
}

pub(crate) fn queue_url(endpoint: &str, name: &str) -> String {
    format!("{endpoint}/{ACCOUNT}/{name}")
}

impl Queue {
    fn setting(&self, name: &str) -> Option<i64> {
        Some(match name {
            "VisibilityTimeout" => self.visibility_timeout,
            "MessageRetentionPeriod" => self.retention,
            "MaximumMessageSize" => self.maximum_size,
            "DelaySeconds" => self.delay,
            "ReceiveMessageWaitTimeSeconds" => self.wait,
            _ => return None,
        })
    }
}

fn by_name(connection: &Connection, name: &str) -> ApiResult<Option<Queue>> {
    let read = |row: &Row<'_>| {
        Ok(Queue {
            name: row.get(0)?,
            created: row.get(1)?,
            modified: row.get(2)?,
            visibility_timeout: row.get(3)?,
            retention: row.get(4)?,
            maximum_size: row.get(5)?,
            delay: row.get(6)?,
            wait: row.get(7)?,
        })
    };
    let sql = "SELECT name, created, modified, visibility_timeout, retention, maximum_size, delay, wait FROM queues WHERE name = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([name], read).optional()?)
}

/// The columns and values that attributes stand for, in the attributes' order.
fn settings(attributes: &BTreeMap<String, String>) -> ApiResult<Vec<(&'static str, i64)>> {
    attributes
        .iter()
        .map(|(name, text)| {
            let Some((_, column, _, least, most)) = SETTINGS.iter().find(|setting| setting.0 == name) else {
                return Err(ApiError::new("InvalidAttributeName", format!("Unknown Attribute {name}.")));
            };
            match text.parse::<i64>() {
                Ok(value) if (*least..=*most).contains(&value) => Ok((*column, value)),
                _ => Err(ApiError::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))),
            }
        })
        .collect()
}

fn change(connection: &Connection, name: &str, settings: &[(&'static str, i64)]) -> ApiResult<()> {
    for (column, value) in settings {
        connection.execute(&format!("UPDATE queues SET {column} = ?1, modified = ?2 WHERE name = ?3"), params![value, now(), name])?;
    }
    Ok(())
}

fn does_not_exist() -> ApiError {
    ApiError::new("QueueDoesNotExist", "The specified queue does not exist.")
}
