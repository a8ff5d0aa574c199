//! Writes one item under a condition: an item in, the table's answer out.
//!
//! `BatchWriteItem` knows no conditions, so these are `PutItem` and `DeleteItem`. As there, bodies are put together from items that
//! are serialised already.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::Fault;
use super::progress::Answer;
use super::same::same;
use crate::json::push_string;
use crate::mapping::{Item, KeySchema};

/// When an item may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Always: whatever the table holds is replaced.
    Always,
    /// Where the table holds nothing newer; this attribute stores the order.
    Newest(&'a str),
    /// Where the table holds nothing, or the same.
    Absent,
}

/// What the table holds instead, if a condition failed.
type Stored = Option<HashMap<String, AttributeValue>>;

/// Writes or deletes `item` where the condition allows it.
pub(super) async fn write(client: &Client, table: &str, key: &KeySchema, condition: Condition<'_>, item: &Item) -> Answer {
    let body = body(table, key, condition, item);
    let replace = move |request: &mut HttpRequest| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = body.as_str().into();
    };
    // Names the table and an empty key for the SDK alone: the body that is sent is the one above.
    let answer = if item.deletes {
        let call = client.delete_item().table_name(table).set_key(Some(HashMap::new())).customize().mutate_request(replace);
        call.send().await.map(|output| output.consumed_capacity).map_err(|error| failed(&error, deletion_stored))
    } else {
        let call = client.put_item().table_name(table).set_item(Some(HashMap::new())).customize().mutate_request(replace);
        call.send().await.map(|output| output.consumed_capacity).map_err(|error| failed(&error, put_stored))
    };
    match (answer, condition) {
        (Ok(consumed), _) => written(consumed.and_then(|consumed| consumed.capacity_units)),
        (Err(Failed::Fault(fault)), _) => Answer::Failed(fault),
        (Err(Failed::Condition(Some(stored))), Condition::Absent) if !item.deletes && same(&item.json, &stored) => written(None),
        (Err(Failed::Condition(_)), Condition::Absent) => Answer::Conflict,
        (Err(Failed::Condition(_)), _) => Answer::Newer,
    }
}

fn written(units: Option<f64>) -> Answer {
    Answer::Written { unprocessed: Vec::new(), units: units.unwrap_or_default() }
}

enum Failed {
    Condition(Stored),
    Fault(Fault),
}

fn failed<E>(error: &SdkError<E, HttpResponse>, stored: impl Fn(&E) -> Option<Stored>) -> Failed
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(stored) {
        Some(stored) => Failed::Condition(stored),
        None => Failed::Fault(Fault::of(error)),
    }
}

fn put_stored(error: &PutItemError) -> Option<Stored> {
    match error {
        PutItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
        _ => None,
    }
}

fn deletion_stored(error: &DeleteItemError) -> Option<Stored> {
    match error {
        DeleteItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
        _ => None,
    }
}

/// `{"TableName":T,"Item":ITEM,"ConditionExpression":…}`, or `Key` in place of `Item`.
fn body(table: &str, key: &KeySchema, condition: Condition<'_>, item: &Item) -> String {
    let mut body = String::with_capacity(item.json.len() + item.order.len() + table.len() + 256);
    body.push_str("{\"TableName\":");
    push_string(&mut body, table);
    body.push_str(if item.deletes { ",\"Key\":" } else { ",\"Item\":" });
    body.push_str(&item.json);
    match condition {
        Condition::Always => {}
        Condition::Newest(attribute) => {
            body.push_str(",\"ConditionExpression\":\"attribute_not_exists(#o) OR #o <= :o\",\"ExpressionAttributeNames\":{\"#o\":");
            push_string(&mut body, attribute);
            body.push_str("},\"ExpressionAttributeValues\":{\":o\":{\"S\":");
            push_string(&mut body, &item.order);
            body.push_str("}}");
        }
        Condition::Absent => {
            body.push_str(",\"ConditionExpression\":\"attribute_not_exists(#k)\",\"ExpressionAttributeNames\":{\"#k\":");
            push_string(&mut body, &key.partition.name);
            body.push_str("},\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"");
        }
    }
    body.push_str(",\"ReturnConsumedCapacity\":\"TOTAL\"}");
    body
}
