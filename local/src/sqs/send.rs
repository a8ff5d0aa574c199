//! SendMessage and SendMessageBatch.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attributes::{self, Attributes};
use super::queue::{self, MAX_SIZE, Queue};
use super::{batch, invalid_parameter, milliseconds};
use crate::reply::{ApiError, ApiResult, Reply};
use crate::store::now;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    queue_url: String,
    #[serde(flatten)]
    message: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    #[serde(flatten)]
    message: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: Attributes,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
}

pub(super) fn one(connection: &Connection, request: &One) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    Reply::ok(&store(connection, &queue, None, &request.message)?)
}

pub(super) fn batch(connection: &Connection, request: Batch) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    batch::check("SendMessageBatch", request.entries.iter().map(|entry| entry.id.as_str()))?;
    // An entry whose attributes are wrong fails alone, later; here only its body counts.
    let total: usize = request.entries.iter().map(|entry| entry.message.size().unwrap_or(entry.message.message_body.len())).sum();
    if !fits(total, MAX_SIZE) {
        let message = format!("Batch requests cannot be longer than {MAX_SIZE} bytes. You have sent {total} bytes.");
        return Err(ApiError::new("BatchRequestTooLong", message));
    }
    batch::each(request.entries, |entry| entry.id.clone(), |entry| store(connection, &queue, Some(entry.id.clone()), &entry.message))
}

fn store(connection: &Connection, queue: &Queue, id: Option<String>, message: &Content) -> ApiResult<Sent> {
    let size = message.size()?;
    if message.message_body.is_empty() {
        return Err(ApiError::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    if !fits(size, queue.maximum_size) {
        let reason = format!("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.", queue.maximum_size);
        return Err(invalid_parameter(&reason));
    }
    if let Some(bad) = message.message_body.chars().find(|c| !allowed(*c)) {
        let message = format!(
            "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is \
             #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
            u32::from(bad)
        );
        return Err(ApiError::new("InvalidMessageContents", message));
    }
    let delay = message.delay_seconds.unwrap_or(queue.delay);
    if !(0..=900).contains(&delay) {
        let reason = format!("Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.");
        return Err(invalid_parameter(&reason));
    }
    let md5_of_attributes = attributes::md5(&message.message_attributes)?;
    let attributes = serde_json::to_string(&message.message_attributes).map_err(|error| ApiError::internal(error.to_string()))?;
    let message_id = Uuid::new_v4().to_string();
    let now = now();
    connection
        .prepare_cached("INSERT INTO messages (id, queue, body, attributes, sent, visible_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![message_id, queue.name, message.message_body, attributes, now, now + milliseconds(delay)])?;
    Ok(Sent { id, message_id, md5_of_body: attributes::md5_of(&message.message_body), md5_of_attributes })
}

impl Content {
    /// Body and attributes in bytes.
    fn size(&self) -> ApiResult<usize> {
        Ok(self.message_body.len() + attributes::weigh(&self.message_attributes)?)
    }
}

fn fits(size: usize, limit: i64) -> bool {
    i64::try_from(size).is_ok_and(|size| size <= limit)
}

/// What a message body may hold: the characters of XML 1.0.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
