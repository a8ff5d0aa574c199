//! A table as a key-value store: the domain of each URL.
//!
//! `cargo run --example domain` runs it on an embedded DynamoDB, with nothing installed. The table is `tables/domain.json`.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};
use tablefeed::table::{Definition, ensure};
use tablefeed_local::{Config, Embedded, Storage};
use tablefeed_store::{StoreError, Stored, Table};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    pub url: String,
    pub domain: String,
}

impl Stored for Domain {
    const TABLE: &'static str = "Domain";
    const PARTITION_KEY: &'static str = "url";
}

/// Creates the table if it is missing.
pub async fn open(client: &Client) -> Result<Table<Domain>, Box<dyn Error>> {
    let definition = Definition::parse(include_str!("../tables/domain.json"), None)?;
    ensure(client, &definition, tablefeed::table::create::PATIENCE).await?;
    Ok(Table::new(client.clone()))
}

/// Notes a URL's domain, in place of the one that it had.
pub async fn set_value(table: &Table<Domain>, url: &str, domain: &str) -> Result<(), StoreError> {
    table.put(&Domain { url: url.to_owned(), domain: domain.to_owned() }).await
}

/// A URL's domain, if it is known.
pub async fn get_domain(table: &Table<Domain>, url: &str) -> Result<Option<String>, StoreError> {
    Ok(table.get(url).await?.map(|found| found.domain))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let aws = Embedded::start(Config { storage: Storage::Memory, port: 0 }).await?;
    let table = open(&Client::new(&tablefeed::aws::config_for_endpoint(aws.endpoint()))).await?;

    set_value(&table, "https://video.example/watch?v=1", "video.example").await?;
    set_value(&table, "https://news.example/article", "news.example").await?;
    set_value(&table, "https://shop.example/", "shop.example").await?;
    println!("video: {:?}", get_domain(&table, "https://video.example/watch?v=1").await?);
    println!("article: {:?}", get_domain(&table, "https://news.example/article").await?);

    println!("removed: {}", table.remove("https://shop.example/").await?);
    println!("still there: {}", table.exists("https://shop.example/").await?);
    println!("left: {}", table.scan().all().await?.len());
    aws.stop().await;
    Ok(())
}
