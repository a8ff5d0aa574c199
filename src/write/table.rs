//! Writes planned items to the table: a plan's slots in, the fate of every item out.
//!
//! The request's body is put together from items that are serialised already; the SDK signs and sends it.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::types::{AttributeValue, WriteRequest};
use bytes::Bytes;
use tokio::time::Instant;

use super::drive::drive;
use super::fault::Fault;
use super::plan::{Slot, requests};
use super::progress::{Answer, Progress, Written};
use super::single::{self, Condition};
use crate::mapping::{Item, Key, KeyPart, KeySchema};

/// A table, and how it is written to.
#[derive(Debug)]
pub struct TableWriter<'a> {
    pub client: &'a Client,
    /// Name or ARN.
    pub table: &'a str,
    pub key: &'a KeySchema,
    /// When an item may be written; with a condition each is a request of its own.
    pub condition: Condition<'a>,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How often an item is sent at most.
    pub most_tries: u32,
}

impl TableWriter<'_> {
    /// Writes until everything is settled or `until` has come.
    pub async fn write(&self, slots: Vec<Slot>, items: &[Item], until: Instant) -> Written {
        let jobs = match self.condition {
            Condition::Always => requests(&slots, |item| items[item].json.len()),
            Condition::Newest(_) | Condition::Absent => (0..slots.len()).map(|slot| vec![slot]).collect(),
        };
        let mut progress = Progress::new(slots, items.len(), self.most_tries);
        let send = |progress: &mut Progress, request: &Vec<usize>| {
            progress.tally.calls += 1;
            self.send(request.iter().map(|&slot| &items[progress.item(slot)]).collect())
        };
        drive(&mut progress, jobs, self.concurrency, until, send, Progress::settle).await;
        progress.finish()
    }

    async fn send(&self, batch: Vec<&Item>) -> Answer {
        match (self.condition, batch.as_slice()) {
            (Condition::Newest(_) | Condition::Absent, [item]) => {
                single::write(self.client, self.table, self.key, self.condition, item).await
            }
            _ => self.send_batch(batch).await,
        }
    }

    async fn send_batch(&self, batch: Vec<&Item>) -> Answer {
        let body = Bytes::from(request_body(self.table, &batch));
        let call = self.client.batch_write_item().request_items(self.table, Vec::new());
        let call = call.customize().mutate_request(move |request: &mut HttpRequest| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = body.clone().into();
        });
        match call.send().await {
            Ok(output) => Answer::Written {
                units: output.consumed_capacity().iter().filter_map(|table| table.capacity_units).sum(),
                unprocessed: self.unprocessed(&batch, output.unprocessed_items.unwrap_or_default()),
            },
            Err(error) => Answer::Failed(Fault::of(&error)),
        }
    }

    /// The places of the items that came back. If one of them cannot be told, all count as unprocessed: writing again is harmless,
    /// taking one for written is not.
    fn unprocessed(&self, batch: &[&Item], back: HashMap<String, Vec<WriteRequest>>) -> Vec<usize> {
        let back: Vec<WriteRequest> = back.into_values().flatten().collect();
        if back.is_empty() {
            return Vec::new();
        }
        let keys: Option<HashSet<Key>> = back.iter().map(|request| key_of(request, self.key)).collect();
        let places = keys.map(|keys| (0..batch.len()).filter(|&place| keys.contains(&batch[place].key)).collect::<Vec<_>>());
        places.filter(|places| places.len() == back.len()).unwrap_or_else(|| (0..batch.len()).collect())
    }
}

/// `{"RequestItems":{"TABLE":[{"PutRequest":{"Item":ITEM}},{"DeleteRequest":{"Key":KEY}},…]},"ReturnConsumedCapacity":"TOTAL"}`
fn request_body(table: &str, batch: &[&Item]) -> String {
    let items: usize = batch.iter().map(|item| item.json.len() + 32).sum();
    let mut body = String::with_capacity(items + table.len() + 64);
    body.push_str("{\"RequestItems\":{");
    body.push('"');
    body.push_str(table); // a checked name or ARN: nothing to escape
    body.push_str("\":[");
    for (place, item) in batch.iter().enumerate() {
        body.push_str(if place == 0 { "" } else { "," });
        body.push_str(if item.deletes { "{\"DeleteRequest\":{\"Key\":" } else { "{\"PutRequest\":{\"Item\":" });
        body.push_str(&item.json);
        body.push_str("}}");
    }
    body.push_str("]},\"ReturnConsumedCapacity\":\"TOTAL\"}");
    body
}

fn key_of(request: &WriteRequest, schema: &KeySchema) -> Option<Key> {
    let put = request.put_request.as_ref().map(|put| &put.item);
    let attributes = put.or(request.delete_request.as_ref().map(|delete| &delete.key))?;
    Key::from_attributes(schema, |name| key_part(attributes.get(name)?))
}

fn key_part(value: &AttributeValue) -> Option<KeyPart<'_>> {
    match value {
        AttributeValue::S(text) => Some(KeyPart::S(text)),
        AttributeValue::N(digits) => Some(KeyPart::N(digits)),
        AttributeValue::B(bytes) => Some(KeyPart::B(bytes.as_ref())),
        _ => None,
    }
}
