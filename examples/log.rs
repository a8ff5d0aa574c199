//! A table as a document store with an index: logs, found by key, by status and by time.
//!
//! `cargo run --example log` runs it on an embedded DynamoDB, with nothing installed. The table is `tables/log.json`.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};
use tablefeed::table::{Definition, ensure};
use tablefeed_local::{Config, Embedded, Storage};
use tablefeed_store::{Index, Is, Read, StoreError, Stored, Table, Update};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    pub key: String,
    /// Seconds since 1970.
    pub updated_at: u64,
    pub status: String,
    pub message: String,
}

impl Stored for Log {
    const TABLE: &'static str = "Log";
    const PARTITION_KEY: &'static str = "key";
}

/// The index on `status`.
pub const STATUS: Index = Index { name: "Status", partition_key: "status", sort_key: None };

/// Creates the table if it is missing.
pub async fn open(client: &Client) -> Result<Table<Log>, Box<dyn Error>> {
    let definition = Definition::parse(include_str!("../tables/log.json"), None)?;
    ensure(client, &definition, tablefeed::table::create::PATIENCE).await?;
    Ok(Table::new(client.clone()))
}

/// Changes a log's status and when that was; its message stays. `None` if there is no such log.
pub async fn set_status(table: &Table<Log>, key: &str, status: &str, now: u64) -> Result<Option<Log>, StoreError> {
    table.update(key, Update::set("status", status).and_set("updated_at", now)).await
}

/// All logs with a status, by the index.
pub fn with_status(table: &Table<Log>, status: &str) -> Read<Log> {
    table.query_index(&STATUS, status)
}

/// All logs with a status that were updated at that time or later.
pub fn with_status_since(table: &Table<Log>, status: &str, time: u64) -> Read<Log> {
    with_status(table, status).only("updated_at", Is::at_least(time))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let aws = Embedded::start(Config { storage: Storage::Memory, port: 0 }).await?;
    let table = open(&Client::new(&tablefeed::aws::config_for_endpoint(aws.endpoint()))).await?;

    for number in 0..50 {
        let message = format!("message {number}");
        table.put(&Log { key: number.to_string(), updated_at: 1_700_000_000 + number, status: "INFO".to_owned(), message }).await?;
    }
    println!("changed: {:?}", set_status(&table, "5", "WARNING", 1_700_000_100).await?);
    println!("INFO: {}", with_status(&table, "INFO").all().await?.len());
    println!("INFO in the last ten seconds: {}", with_status_since(&table, "INFO", 1_700_000_040).all().await?.len());
    println!("WARNING: {}", with_status(&table, "WARNING").all().await?.len());
    aws.stop().await;
    Ok(())
}
