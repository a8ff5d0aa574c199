//! Tables with a sort key, other key types, and what goes wrong.

use serde::{Deserialize, Serialize};
use tablefeed::table::{Definition, ensure};
use tablefeed_store::{Is, StoreError, Stored, Table, Update};

use crate::embedded;

const DEFINITION: &str = r#"{
    "TableName": "Readings", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "sensor", "AttributeType": "N"}, {"AttributeName": "at", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "sensor", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
}"#;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reading {
    sensor: u32,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Stored for Reading {
    const TABLE: &'static str = "Readings";
    const PARTITION_KEY: &'static str = "sensor";
    const SORT_KEY: Option<&'static str> = Some("at");
}

fn reading(sensor: u32, at: &str) -> Reading {
    Reading { sensor, at: at.to_owned(), note: None }
}

async fn filled(client: &aws_sdk_dynamodb::Client) -> Table<Reading> {
    let definition = Definition::parse(DEFINITION, None).unwrap();
    ensure(client, &definition, tablefeed::table::create::PATIENCE).await.unwrap();
    let table = Table::new(client.clone());
    for at in ["2026-01-01", "2026-01-02", "2026-02-01", "2027-01-01"] {
        table.put(&reading(7, at)).await.unwrap();
    }
    table.put(&reading(8, "2026-01-01")).await.unwrap();
    table
}

#[tokio::test]
async fn a_partition_is_read_in_the_order_of_its_sort_key_and_in_part() {
    let (_aws, client) = embedded().await;
    let table = filled(&client).await;
    let times = |readings: Vec<Reading>| readings.into_iter().map(|reading| reading.at).collect::<Vec<_>>();
    let query = || table.query(7_u32);
    assert_eq!(times(query().all().await.unwrap()), ["2026-01-01", "2026-01-02", "2026-02-01", "2027-01-01"]);
    assert_eq!(times(query().descending().all().await.unwrap())[0], "2027-01-01");
    assert_eq!(times(query().sort_key(Is::begins_with("2026-01")).all().await.unwrap()), ["2026-01-01", "2026-01-02"]);
    assert_eq!(times(query().sort_key(Is::between("2026-01-02", "2026-02-01")).all().await.unwrap()), ["2026-01-02", "2026-02-01"]);
    assert_eq!(times(query().sort_key(Is::less_than("2026-01-02")).all().await.unwrap()), ["2026-01-01"]);
    assert_eq!(times(query().sort_key(Is::greater_than("2026-02-01")).all().await.unwrap()), ["2027-01-01"]);
    assert_eq!(times(query().sort_key(Is::at_most("2026-01-01")).all().await.unwrap()), ["2026-01-01"]);
    assert_eq!(table.scan().sort_key(Is::equal("2026-01-01")).all().await.unwrap().len(), 2);
    assert_eq!(table.scan().only("sensor", Is::equal(8)).all().await.unwrap(), [reading(8, "2026-01-01")]);
}

#[tokio::test]
async fn a_key_has_two_parts_where_the_table_has() {
    let (_aws, client) = embedded().await;
    let table = filled(&client).await;
    assert_eq!(table.get((7, "2026-01-02")).await.unwrap(), Some(reading(7, "2026-01-02")));
    let noted = table.update((7, "2026-01-02"), Update::set("note", "hot")).await.unwrap().unwrap();
    assert_eq!(noted.note.as_deref(), Some("hot"));
    let bare = table.update((7, "2026-01-02"), Update::remove("note")).await.unwrap();
    assert_eq!(bare, Some(reading(7, "2026-01-02")));
    assert!(matches!(table.get(7).await, Err(StoreError::Call { operation: "GetItem", .. })));
}

#[tokio::test]
async fn what_cannot_be_done_is_an_error_that_names_the_table() {
    let (_aws, client) = embedded().await;
    let table = filled(&client).await;
    let missing = Table::<Reading>::named(client.clone(), "Nowhere").get((1, "x")).await.unwrap_err();
    assert!(missing.to_string().starts_with("GetItem on table Nowhere: ResourceNotFoundException"), "{missing}");
    let spoiled = table.update((7, "2026-01-01"), Update::set("note", 5)).await.unwrap_err();
    assert!(matches!(&spoiled, StoreError::Convert { table, .. } if table == "Readings"), "{spoiled}");
    assert!(table.query(7).all().await.is_err(), "the item with a number for its note is in there");
    assert!(table.query(7).sort_key(Is::equal([1, 2])).all().await.is_err());
}
