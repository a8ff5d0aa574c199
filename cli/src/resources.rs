//! What the function needs: a table, a queue for letters, a parameter with the batch id. Created where it is missing, never changed.

use std::fmt::Display;

use anyhow::anyhow;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use tablefeed::aws::Clients;
use tablefeed::settings::Settings;
use tablefeed::table::{Definition, create_if_missing};
use tablefeed::write::fault::Fault;

use crate::exit::BadInput;
use crate::settings::Given;

pub const CURATED_TABLE: &str = "CuratedRecords";
pub const QUEUE: &str = "tablefeed-letters";
pub const PARAMETER: &str = "/tablefeed/latest-batch-id";
/// The batch id of a parameter that is made here.
const FIRST_BATCH: &str = "batch-1";
/// 14 days, the longest there is.
const RETENTION_SECONDS: &str = "1209600";

/// A call that failed, as an error: what was tried, and what the service said.
pub fn failed<E: ProvideErrorMetadata + std::error::Error + 'static>(
    what: impl Display,
    error: &SdkError<E, HttpResponse>,
) -> anyhow::Error {
    anyhow!("{what}: {}", Fault::of(error))
}

/// Creates the table, the parameter and the queue that the settings name, as far as they are missing; `batch_id` is written even if there is
/// one already. The settings get the queue's URL, and the table's name in place of its ARN, which emulators do not take.
pub async fn create(clients: &Clients, given: &Given, settings: &mut Settings, batch_id: Option<&str>) -> anyhow::Result<()> {
    let name = settings.table.id.rsplit('/').next().unwrap_or_default().to_owned();
    let definition =
        if given.is_curated() { Definition::curated_records(&name)? } else { Definition::of_mapping(&name, &settings.mapping) };
    create_if_missing(&clients.dynamodb, &definition).await?;
    settings.table.id = name;
    if let Some(parameter) = given.value("LATEST_BATCH_ID") {
        write_parameter(clients, &parameter, batch_id).await?;
    }
    if !given.is_set("DLQ_URL") {
        settings.dlq_url = letters_queue(clients).await?;
    }
    Ok(())
}

/// Writes the batch id into the parameter, or makes the parameter if there is none yet.
async fn write_parameter(clients: &Clients, name: &str, batch_id: Option<&str>) -> anyhow::Result<()> {
    let value = batch_id.unwrap_or(FIRST_BATCH);
    let put = clients.ssm.put_parameter().name(name).value(value).r#type(ParameterType::String).overwrite(batch_id.is_some());
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(PutParameterError::is_parameter_already_exists) => Ok(()),
        Err(error) => Err(failed(format!("the parameter {name} cannot be written"), &error)),
    }
}

/// The URL of the queue for letters, made if it is missing.
async fn letters_queue(clients: &Clients) -> anyhow::Result<String> {
    if let Some(url) = find_queue(clients, QUEUE).await? {
        return Ok(url);
    }
    let create = clients.sqs.create_queue().queue_name(QUEUE).attributes(QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS);
    let created = create.send().await.map_err(|error| failed(format!("the queue {QUEUE} cannot be created"), &error))?;
    created.queue_url.ok_or_else(|| anyhow!("the queue {QUEUE} was created, but the answer has no URL"))
}

/// The URL of a queue, if there is such a queue.
pub async fn find_queue(clients: &Clients, name: &str) -> anyhow::Result<Option<String>> {
    match clients.sqs.get_queue_url().queue_name(name).send().await {
        Ok(found) => Ok(found.queue_url),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => Ok(None),
        Err(error) => Err(failed(format!("the queue {name} cannot be looked up"), &error)),
    }
}

/// What to say when a table is not there: the tables that are.
pub async fn no_such_table(clients: &Clients, table: &str) -> anyhow::Error {
    match table_names(clients).await {
        Ok(names) if names.is_empty() => {
            BadInput::error(format!("there is no table {table}, nor any other; `tablefeed table create` or `tablefeed invoke` creates one"))
        }
        Ok(names) => BadInput::error(format!("there is no table {table}; there is {}", names.join(", "))),
        Err(error) => error,
    }
}

/// The names of all tables.
pub async fn table_names(clients: &Clients) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut pages = clients.dynamodb.list_tables().into_paginator().items().send();
    while let Some(name) = pages.next().await {
        names.push(name.map_err(|error| failed("tables cannot be listed", &error))?);
    }
    Ok(names)
}
