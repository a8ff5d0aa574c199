//! What the settings name: table, queue, parameter.

use std::time::SystemTime;

use aws_sdk_sqs::types::QueueAttributeName;
use tablefeed::parameter::Parameter;
use tablefeed::settings::Settings;
use tablefeed::table::{Definition, described};

use super::found;
use crate::doctor::deployment::{Queue, Seen, Unseen};
use crate::resources::{QUEUE, find_queue};
use crate::settings::ANY_QUEUE;
use crate::target::Target;

pub async fn table(target: &Target, settings: Seen<&Settings>) -> Seen<Definition> {
    let table = &settings?.table;
    // Emulators do not take ARNs.
    let name = if target.is_cloud() { table.id.as_str() } else { table.id.rsplit('/').next().unwrap_or_default() };
    let read = described(&target.clients(table.region.as_deref()).dynamodb, name).await;
    read.map_err(|error| Unseen::Failed(error.to_string()))?.ok_or(Unseen::Absent)
}

pub async fn queue(target: &Target, settings: Seen<&Settings>) -> Seen<Queue> {
    let url = find_queue_of(target, settings?).await?;
    let names = [QueueAttributeName::MaximumMessageSize, QueueAttributeName::MessageRetentionPeriod];
    let call = target.clients(None).sqs.get_queue_attributes().queue_url(&url).set_attribute_names(Some(names.to_vec()));
    let what = format!("the queue {url} cannot be read");
    let read = found(&what, call.send().await, |error| error.is_queue_does_not_exist())?.attributes.unwrap_or_default();
    let [max_message_bytes, retention_seconds] = names.map(|name| read.get(&name).and_then(|value| value.parse().ok()));
    Ok(Queue { url, max_message_bytes, retention_seconds })
}

/// The URL of the queue for letters; on a laptop it goes by its name, unless it was given.
async fn find_queue_of(target: &Target, settings: &Settings) -> Seen<String> {
    if settings.dlq_url != ANY_QUEUE {
        return Ok(settings.dlq_url.clone());
    }
    let found = find_queue(&target.clients(None), QUEUE).await;
    found.map_err(|error| Unseen::Failed(format!("{error:#}")))?.ok_or(Unseen::Absent)
}

pub async fn parameter(target: &Target, settings: Seen<&Settings>) -> Seen<Parameter> {
    let name = settings?.batch_parameter.as_deref().ok_or(Unseen::NotPart)?;
    let answer = target.clients(None).ssm.get_parameter().name(name).with_decryption(true).send().await;
    let what = format!("the parameter {name} cannot be read");
    let read = found(&what, answer, |error| error.is_parameter_not_found())?.parameter;
    let since = read.as_ref().and_then(|read| read.last_modified_date).and_then(|date| SystemTime::try_from(date).ok());
    let value = read.and_then(|read| read.value).ok_or_else(|| Unseen::Failed(format!("{what}: the answer has no value")))?;
    Ok(Parameter { value, since })
}
