//! What changes in the table.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest, ScalarAttributeType, StreamSpecification,
    StreamViewType, WriteRequest,
};
use tokio::time::sleep;

/// Of one BatchWriteItem.
const BATCH: u64 = 25;
const TRIES: u32 = 5;
/// Items that puts change in turn.
const ITEMS: u64 = 50;

/// A table with a stream.
pub async fn create(client: &Client, table: &str) -> io::Result<()> {
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages).build();
    let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(id.map_err(io::Error::other)?).key_schema(key.map_err(io::Error::other)?);
    create.stream_specification(stream.map_err(io::Error::other)?).send().await.map(drop).map_err(io::Error::other)
}

fn fields(id: u64, n: u64) -> [(&'static str, AttributeValue); 3] {
    let text = "a reading of a sensor somewhere in the north, about as long as such things are";
    [("id", AttributeValue::S(format!("item-{id}"))), ("n", AttributeValue::N(n.to_string())), ("text", AttributeValue::S(text.to_owned()))]
}

/// Puts these numbers, one by one; when each was answered.
pub async fn put(client: &Client, table: &str, numbers: Range<u64>, pause: Duration) -> io::Result<BTreeMap<u64, Instant>> {
    let mut answered = BTreeMap::new();
    for n in numbers {
        let mut put = client.put_item().table_name(table);
        for (name, value) in fields(n % ITEMS, n) {
            put = put.item(name, value);
        }
        put.send().await.map_err(io::Error::other)?;
        answered.insert(n, Instant::now());
        sleep(pause).await;
    }
    Ok(answered)
}

/// Puts the numbers up to `count`, many at once.
pub async fn fill(client: &Client, table: &str, count: u64) -> io::Result<()> {
    for first in (0..count).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let mut requests = Vec::new();
        for n in first..first + BATCH {
            let put = fields(n, n).into_iter().fold(PutRequest::builder(), |put, (name, value)| put.item(name, value));
            requests.push(WriteRequest::builder().put_request(put.build().map_err(io::Error::other)?).build());
        }
        // On a busy machine a call may time out; what was written by it is not changed by another.
        let mut tries = TRIES;
        while let Err(error) = client.batch_write_item().request_items(table, requests.clone()).send().await {
            tries -= 1;
            if tries == 0 {
                return Err(io::Error::other(error));
            }
        }
    }
    Ok(())
}
