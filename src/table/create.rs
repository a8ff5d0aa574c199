//! Creates a table where it is missing and waits until it can be written to.
//!
//! In: a client and a definition. Out: whether the table was created, or [`TableError`]. Never changes a table that holds anything.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus, TimeToLiveSpecification};
use tokio::time::{Instant, sleep};

use super::definition::Definition;
use super::facts::{Difference, differences, lacks_time_to_live};
use super::live::{Live, describe, described, is_active, live};
use crate::mapping::KeySchema;
use crate::write::fault::Fault;

/// How long a table may take to become ACTIVE, unless the caller says so.
pub const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("table {table} cannot be described: {fault}")]
    Describe { table: String, fault: Fault },
    #[error("table {table} cannot be created: {fault}")]
    Create { table: String, fault: Fault },
    #[error("table {table} was created, but its time to live cannot be set: {fault}")]
    TimeToLive { table: String, fault: Fault },
    #[error("table {table} cannot be deleted: {fault}")]
    Delete { table: String, fault: Fault },
    #[error("table {table} does not exist; create it, or name another by TABLE")]
    Missing { table: String },
    #[error("table {table} is {status} and did not become {wanted} in {} s; look again later", .waited.as_secs())]
    NotYet { table: String, status: String, wanted: &'static str, waited: Duration },
    #[error("table {table} is there, but not as its file says:\n  {}", .differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Differs { table: String, differences: Vec<Difference> },
    #[error("table {table} has a key that cannot be read from its description")]
    Key { table: String },
}

/// Creates the table unless it exists, and waits until it is ACTIVE. Returns whether it was created here.
pub async fn create_if_missing(client: &Client, definition: &Definition) -> Result<bool, TableError> {
    create_within(client, definition, PATIENCE).await
}

/// Makes the table what the definition says: creates it unless it exists, waits until it and its indexes are ACTIVE, sets its time to live.
/// Returns whether it was created here. A table that is there already must equal the definition; only a time to live that it lacks is
/// added, and only while the table is empty, as one is whose creation was cut short or goes on elsewhere.
pub async fn ensure(client: &Client, definition: &Definition, patience: Duration) -> Result<bool, TableError> {
    let created = create_within(client, definition, patience).await?;
    // Tags of a new table are listed with some delay.
    let counts = |difference: &Difference| !(created && difference.is_tag());
    let mut found = compare(client, definition).await?;
    found.retain(counts);
    if found.is_empty() {
        return Ok(created);
    }
    if lacks_time_to_live(&found) && (created || is_empty(client, &definition.name).await?) {
        set_time_to_live(client, definition).await?;
        let mut left = compare(client, definition).await?;
        left.retain(counts);
        return if left.is_empty() { Ok(created) } else { Err(differs(definition, left)) };
    }
    Err(differs(definition, found))
}

/// Deletes the table and waits until it is gone.
pub async fn delete(client: &Client, table: &str, patience: Duration) -> Result<(), TableError> {
    match client.delete_table().table_name(table).send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
            return Err(TableError::Missing { table: table.to_owned() });
        }
        Err(error) => return Err(TableError::Delete { table: table.to_owned(), fault: Fault::of(&error) }),
    }
    wait(client, table, "absent", patience, |found| found.is_none()).await
}

/// The key of a live table.
pub async fn live_key(client: &Client, table: &str) -> Result<KeySchema, TableError> {
    let table_as_it_is = described(client, table).await?.ok_or_else(|| TableError::Missing { table: table.to_owned() })?;
    table_as_it_is.key(None).ok_or_else(|| TableError::Key { table: table.to_owned() })
}

async fn create_within(client: &Client, definition: &Definition, patience: Duration) -> Result<bool, TableError> {
    let table = &definition.name;
    let mut found = describe(client, table).await?;
    if found.as_ref().is_some_and(|found| found.table_status == Some(TableStatus::Deleting)) {
        wait(client, table, "absent", patience, |found| found.is_none()).await?;
        found = None;
    }
    let created = found.is_none() && create(client, definition).await?;
    wait(client, table, "ACTIVE", patience, |found| found.is_some_and(is_active)).await?;
    Ok(created)
}

/// Looks again and again, at growing distances, until the table is as wanted.
async fn wait(
    client: &Client,
    table: &str,
    wanted: &'static str,
    patience: Duration,
    done: impl Fn(Option<&TableDescription>) -> bool,
) -> Result<(), TableError> {
    let (begin, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let found = describe(client, table).await?;
        if done(found.as_ref()) {
            return Ok(());
        }
        let left = patience.saturating_sub(begin.elapsed());
        if left.is_zero() {
            let status = found.map(|found| found.table_status);
            let status = match &status {
                None => "absent",
                Some(Some(TableStatus::Active)) => "ACTIVE, but an index is not,",
                Some(status) => status.as_ref().map_or("in an unknown state", TableStatus::as_str),
            };
            return Err(TableError::NotYet { table: table.to_owned(), status: status.to_owned(), wanted, waited: patience });
        }
        sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
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

/// A refusal is left to the comparison that follows: another process may have set it just now.
async fn set_time_to_live(client: &Client, definition: &Definition) -> Result<(), TableError> {
    let specification =
        TimeToLiveSpecification::builder().enabled(true).attribute_name(definition.time_to_live.clone().unwrap_or_default());
    let fault = |fault| TableError::TimeToLive { table: definition.name.clone(), fault };
    let specification = specification.build().map_err(|error| fault(Fault::Systemic(error.to_string())))?;
    let call = client.update_time_to_live().table_name(&definition.name).time_to_live_specification(specification);
    match call.send().await.map_err(|error| Fault::of(&error)) {
        Ok(_) | Err(Fault::Refused { .. }) => Ok(()),
        Err(other) => Err(fault(other)),
    }
}

async fn compare(client: &Client, definition: &Definition) -> Result<Vec<Difference>, TableError> {
    let missing = || TableError::Missing { table: definition.name.clone() };
    let Live { definition: table, .. } = live(client, &definition.name).await?.ok_or_else(missing)?;
    Ok(differences(definition, &table))
}

async fn is_empty(client: &Client, table: &str) -> Result<bool, TableError> {
    let page = client.scan().table_name(table).limit(1).consistent_read(true).send().await;
    let page = page.map_err(|error| TableError::Describe { table: table.to_owned(), fault: Fault::of(&error) })?;
    Ok(page.items().is_empty() && page.last_evaluated_key().is_none())
}

fn differs(definition: &Definition, differences: Vec<Difference>) -> TableError {
    TableError::Differs { table: definition.name.clone(), differences }
}
