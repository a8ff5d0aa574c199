//! The example of a document store with an index.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::StreamExt as _;
use tablefeed_store::Table;

use crate::embedded;
use crate::log_example::{self as example, Log, set_status, with_status, with_status_since};

fn log(number: u64, status: &str) -> Log {
    Log { key: number.to_string(), updated_at: 1_000 + number, status: status.to_owned(), message: format!("message {number}") }
}

async fn put(table: &Table<Log>, logs: impl IntoIterator<Item = Log>) {
    for log in logs {
        table.put(&log).await.unwrap();
    }
}

#[tokio::test]
async fn a_status_is_updated_and_no_attribute_is_added() {
    let (_aws, client) = embedded().await;
    let table = example::open(&client).await.unwrap();
    put(&table, [log(1, "INFO")]).await;
    let expected = Log { updated_at: 2_000, status: "WARNING".to_owned(), ..log(1, "INFO") };
    assert_eq!(set_status(&table, "1", "WARNING", 2_000).await.unwrap(), Some(expected.clone()));
    assert_eq!(table.get("1").await.unwrap(), Some(expected));
    let raw = client.get_item().table_name("Log").key("key", AttributeValue::S("1".to_owned())).send().await.unwrap().item.unwrap();
    let names: BTreeSet<&str> = raw.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["key", "message", "status", "updated_at"]));
    assert!(with_status(&table, "INFO").all().await.unwrap().is_empty());
    assert_eq!(with_status(&table, "WARNING").all().await.unwrap().len(), 1);

    assert_eq!(set_status(&table, "2", "WARNING", 2_000).await.unwrap(), None);
    assert!(!table.exists("2").await.unwrap(), "an update makes no item of its own");
}

#[tokio::test]
async fn of_fifty_logs_a_key_is_found_once_and_a_status_fifty_times() {
    let (_aws, client) = embedded().await;
    let table = example::open(&client).await.unwrap();
    put(&table, (0..50).map(|number| log(number, "ERROR"))).await;
    put(&table, (50..60).map(|number| log(number, "INFO"))).await;
    assert_eq!(table.query("5").all().await.unwrap(), [log(5, "ERROR")]);
    assert_eq!(with_status(&table, "ERROR").all().await.unwrap().len(), 50);
    assert_eq!(with_status_since(&table, "ERROR", 1_045).all().await.unwrap().len(), 5);
    assert_eq!(with_status_since(&table, "INFO", 1_060).all().await.unwrap().len(), 0);
}

/// 5,000 logs of 700 bytes: an answer ends after 1 MB, whatever a filter leaves of it.
#[tokio::test]
async fn a_status_is_read_past_the_first_megabyte_even_where_a_filter_empties_the_pages() {
    let (aws, client) = embedded().await;
    let table = example::open(&client).await.unwrap();
    let logs: Vec<Log> = (0..5_000).map(|number| Log { message: "m".repeat(600), ..log(number, "ERROR") }).collect();
    for some in logs.chunks(25) {
        let put = |log: &Log| PutRequest::builder().set_item(Some(serde_dynamo::to_item(log).unwrap())).build().unwrap();
        let requests = some.iter().map(|log| WriteRequest::builder().put_request(put(log)).build()).collect();
        let written = client.batch_write_item().request_items("Log", requests).send().await.unwrap();
        assert!(written.unprocessed_items.is_none_or(|left| left.is_empty()));
    }
    let keys: BTreeSet<String> = with_status(&table, "ERROR").all().await.unwrap().into_iter().map(|log| log.key).collect();
    assert_eq!(keys.len(), 5_000);
    let pages = aws.recorder().count(None, "Query");
    assert!(pages > 1, "{pages} page");

    assert_eq!(with_status_since(&table, "ERROR", 1_000 + 4_999).all().await.unwrap().len(), 1);
    let later = with_status_since(&table, "ERROR", 1_000_000).all().await.unwrap();
    assert!(later.is_empty() && aws.recorder().count(None, "Query") >= 3 * pages, "every page is read, though all are empty");

    let first: Vec<_> = with_status(&table, "ERROR").stream().take(3).collect().await;
    assert_eq!(first.len(), 3);
    assert_eq!(aws.recorder().count(None, "Query"), 3 * pages + 1, "who stops early reads no further");
}

#[test]
fn the_example_runs_as_it_stands() {
    example::main().unwrap();
}
