//! ReceiveMessage, and what is done with a receipt handle: DeleteMessage, ChangeMessageVisibility, and their batches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::attributes::{self, Attributes};
use super::{batch, invalid_parameter, milliseconds, queue};
use crate::ACCOUNT;
use crate::reply::{ApiError, ApiResult, Reply};
use crate::store::now;

/// Limit of a visibility time-out, in seconds.
const MAX_VISIBILITY: i64 = 43_200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive {
    queue_url: String,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received {
    #[serde(default)]
    queue_url: String,
    #[serde(default)]
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receipts {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Received>,
}

struct Stored {
    number: i64,
    id: String,
    body: String,
    attributes: String,
    sent: i64,
    received: i64,
    first_received: Option<i64>,
}

/// Gives the messages in sight that were received least recently, so that reading without hiding comes to all of them, as sampling in SQS does.
pub(super) fn receive(connection: &Connection, request: &Receive) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&most) {
        let reason = format!("Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.");
        return Err(invalid_parameter(&reason));
    }
    let hidden_for = visibility(request.visibility_timeout.unwrap_or(queue.visibility_timeout))?;
    queue::expire(connection, &queue)?;
    let now = now();
    let read = |row: &Row<'_>| {
        Ok(Stored {
            number: row.get(0)?,
            id: row.get(1)?,
            body: row.get(2)?,
            attributes: row.get(3)?,
            sent: row.get(4)?,
            received: row.get(5)?,
            first_received: row.get(6)?,
        })
    };
    let mut statement = connection.prepare_cached(
        "SELECT number, id, body, attributes, sent, received, first_received FROM messages
         WHERE queue = ?1 AND visible_at <= ?2 ORDER BY turn, number LIMIT ?3",
    )?;
    let found = statement.query_map(params![queue.name, now, most], read)?.collect::<Result<Vec<_>, _>>()?;
    let turn: i64 =
        connection.query_row("SELECT coalesce(max(turn), 0) + 1 FROM messages WHERE queue = ?1", [&queue.name], |row| row.get(0))?;
    let mut messages = Vec::with_capacity(found.len());
    for stored in found {
        let receipt = Uuid::new_v4().to_string();
        connection
            .prepare_cached(
                "UPDATE messages SET receipt = ?1, visible_at = ?2, received = received + 1, first_received = coalesce(first_received, ?3),
                 turn = ?4 WHERE number = ?5",
            )?
            .execute(params![receipt, now + hidden_for, now, turn, stored.number])?;
        messages.push(stored.into_message(request, &receipt, now)?);
    }
    Reply::ok(&if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) })
}

pub(super) fn delete(connection: &Connection, request: &Received) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    forget(connection, &queue.name, &request.receipt_handle)?;
    Reply::ok(&json!({}))
}

pub(super) fn delete_batch(connection: &Connection, request: Receipts) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    batch::check("DeleteMessageBatch", request.entries.iter().map(|entry| entry.id.as_str()))?;
    batch::each(
        request.entries,
        |entry| entry.id.clone(),
        |entry| forget(connection, &queue.name, &entry.receipt_handle).map(|()| batch::Done { id: entry.id }),
    )
}

pub(super) fn change_visibility(connection: &Connection, request: &Received) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    hide(connection, &queue.name, request)?;
    Reply::ok(&json!({}))
}

pub(super) fn change_visibility_batch(connection: &Connection, request: Receipts) -> ApiResult<Reply> {
    let queue = queue::find(connection, &request.queue_url)?;
    batch::check("ChangeMessageVisibilityBatch", request.entries.iter().map(|entry| entry.id.as_str()))?;
    batch::each(
        request.entries,
        |entry| entry.id.clone(),
        |entry| hide(connection, &queue.name, &entry).map(|()| batch::Done { id: entry.id.clone() }),
    )
}

/// Deletes what was received. A handle older than the latest receipt deletes nothing and is no error, as in SQS.
fn forget(connection: &Connection, queue: &str, handle: &str) -> ApiResult<()> {
    let (id, receipt) = open(handle)?;
    connection
        .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND id = ?2 AND receipt = ?3")?
        .execute(params![queue, id, receipt])?;
    Ok(())
}

fn hide(connection: &Connection, queue: &str, entry: &Received) -> ApiResult<()> {
    let (id, receipt) = open(&entry.receipt_handle)?;
    let Some(seconds) = entry.visibility_timeout else {
        return Err(ApiError::new("MissingParameter", "The request must contain the parameter VisibilityTimeout."));
    };
    let hidden_for = visibility(seconds)?;
    let now = now();
    let visible_at: Option<i64> = connection
        .query_row("SELECT visible_at FROM messages WHERE queue = ?1 AND id = ?2 AND receipt = ?3", params![queue, id, receipt], |row| {
            row.get(0)
        })
        .optional()?;
    if visible_at.is_none_or(|at| at <= now) {
        let message = format!("Value {} for parameter ReceiptHandle is invalid. Reason: Message is not in flight.", entry.receipt_handle);
        return Err(ApiError::new("MessageNotInflight", message));
    }
    connection.execute("UPDATE messages SET visible_at = ?1 WHERE id = ?2", params![now + hidden_for, id])?;
    Ok(())
}

impl Stored {
    fn into_message(self, request: &Receive, receipt: &str, now: i64) -> ApiResult<Value> {
        let mut message = json!({
            "MessageId": self.id,
            "ReceiptHandle": STANDARD.encode(format!("{}#{receipt}", self.id)),
            "MD5OfBody": attributes::md5_of(&self.body),
            "Body": self.body,
        });
        let all: Attributes = serde_json::from_str(&self.attributes).map_err(|error| ApiError::internal(error.to_string()))?;
        let wanted = attributes::asked_for(all, &request.message_attribute_names);
        if let Some(md5) = attributes::md5(&wanted)? {
            message["MD5OfMessageAttributes"] = json!(md5);
            message["MessageAttributes"] = json!(wanted);
        }
        let system = [
            ("ApproximateReceiveCount", (self.received + 1).to_string()),
            ("ApproximateFirstReceiveTimestamp", self.first_received.unwrap_or(now).to_string()),
            ("SentTimestamp", self.sent.to_string()),
            ("SenderId", ACCOUNT.to_owned()),
        ];
        let names = || request.attribute_names.iter().chain(&request.message_system_attribute_names);
        for (name, value) in system {
            if names().any(|wanted| wanted == "All" || wanted == name) {
                message["Attributes"][name] = json!(value);
            }
        }
        Ok(message)
    }
}

/// Message id and receipt of a handle.
fn open(handle: &str) -> ApiResult<(String, String)> {
    let text = STANDARD.decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.split_once('#'))
        .map(|(id, receipt)| (id.to_owned(), receipt.to_owned()))
        .ok_or_else(|| ApiError::new("ReceiptHandleIsInvalid", format!("The input receipt handle \"{handle}\" is not valid.")))
}

/// A visibility time-out in milliseconds.
fn visibility(seconds: i64) -> ApiResult<i64> {
    if (0..=MAX_VISIBILITY).contains(&seconds) {
        return Ok(milliseconds(seconds));
    }
    let reason = format!(
        "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and {MAX_VISIBILITY}."
    );
    Err(invalid_parameter(&reason))
}
