//! Creates a table where it is missing and waits until it can be written to.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::types::{KeyType, ScalarAttributeType, TableDescription, TableStatus};
use tokio::time::{Instant, sleep};

use super::definition::Definition;
use crate::mapping::{KeyAttribute, KeyKind, KeySchema};
use crate::write::fault::Fault;

/// How long a table may take to become ACTIVE.
const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("table {table} cannot be described: {fault}")]
    Describe { table: String, fault: Fault },
    #[error("table {table} cannot be created: {fault}")]
    Create { table: String, fault: Fault },
    #[error("table {table} does not exist; create it, or name another by TABLE")]
    Missing { table: String },
    #[error("table {table} is {status} and did not become ACTIVE in {} s", PATIENCE.as_secs())]
    NotActive { table: String, status: String },
    #[error("table {table} has a key that cannot be read from its description")]
    Key { table: String },
}

/// Creates the table unless it exists, and waits until it is ACTIVE. Returns whether it was created here.
pub async fn create_if_missing(client: &Client, definition: &Definition) -> Result<bool, TableError> {
    let created = describe(client, &definition.name).await?.is_none() && create(client, definition).await?;
    let begin = Instant::now();
    loop {
        let status = describe(client, &definition.name).await?.and_then(|table| table.table_status);
        match status {
            Some(TableStatus::Active | TableStatus::Updating) => return Ok(created),
            status if begin.elapsed() > PATIENCE => {
                let status = status.map_or("absent".to_owned(), |status| status.as_str().to_owned());
                return Err(TableError::NotActive { table: definition.name.clone(), status });
            }
            _ => sleep(BETWEEN_LOOKS).await,
        }
    }
}

/// The key of a live table.
pub async fn live_key(client: &Client, table: &str) -> Result<KeySchema, TableError> {
    let description = describe(client, table).await?.ok_or_else(|| TableError::Missing { table: table.to_owned() })?;
    key(&description).ok_or_else(|| TableError::Key { table: table.to_owned() })
}

async fn describe(client: &Client, table: &str) -> Result<Option<TableDescription>, TableError> {
    match client.describe_table().table_name(table).send().await {
        Ok(output) => Ok(output.table),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Ok(None),
        Err(error) => Err(TableError::Describe { table: table.to_owned(), fault: Fault::of(&error) }),
    }
}

/// False if another process created it meanwhile.
async fn create(client: &Client, definition: &Definition) -> Result<bool, TableError> {
    let body = definition.body();
    let call = client.create_table().table_name(&definition.name).customize().mutate_request(move |request: &mut HttpRequest| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = body.as_str().into();
    });
    match call.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => Ok(false),
        Err(error) => Err(TableError::Create { table: definition.name.clone(), fault: Fault::of(&error) }),
    }
}

fn key(description: &TableDescription) -> Option<KeySchema> {
    let part = |role: &KeyType| {
        let name = &description.key_schema().iter().find(|element| element.key_type == *role)?.attribute_name;
        let definition = description.attribute_definitions().iter().find(|definition| definition.attribute_name == *name)?;
        let kind = match definition.attribute_type {
            ScalarAttributeType::S => KeyKind::S,
            ScalarAttributeType::N => KeyKind::N,
            ScalarAttributeType::B => KeyKind::B,
            _ => return None,
        };
        Some(KeyAttribute { name: name.clone(), kind })
    };
    Some(KeySchema { partition: part(&KeyType::Hash)?, sort: part(&KeyType::Range) })
}
