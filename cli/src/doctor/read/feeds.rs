//! The function's event source mappings of Kinesis streams, and those streams.

use aws_config::SdkConfig;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration, FunctionResponseType};
use serde_json::Value;

use super::{found, sample, unseen};
use crate::doctor::deployment::{Feed, Seen, Stream, Unseen};

/// What Lambda takes where nothing is said.
const BATCH_SIZE: u64 = 100;
const RECORD_KIB: u64 = 1024;

pub async fn feeds(config: &SdkConfig, function: &str) -> Seen<Vec<Feed>> {
    let (functions, streams) = (aws_sdk_lambda::Client::new(config), aws_sdk_kinesis::Client::new(config));
    let mut pages = functions.list_event_source_mappings().function_name(function).into_paginator().items().send();
    let (mut feeds, mut others) = (Vec::new(), 0);
    while let Some(mapping) = pages.next().await {
        let mapping = mapping.map_err(|error| unseen("event source mappings cannot be listed", &error))?;
        let Some(stream) = mapping.event_source_arn().and_then(stream_arn).map(str::to_owned) else {
            others += 1;
            continue;
        };
        feeds.push(feed(&streams, &mapping, &stream).await);
    }
    // Fed by Kafka alone, it needs no Kinesis stream.
    if feeds.is_empty() && others > 0 { Err(Unseen::NotPart) } else { Ok(feeds) }
}

async fn feed(client: &aws_sdk_kinesis::Client, mapping: &EventSourceMappingConfiguration, arn: &str) -> Feed {
    let limit = |value: Option<i32>| value.and_then(|value| u64::try_from(value).ok());
    let destination = mapping.destination_config().and_then(|config| config.on_failure()).and_then(|target| target.destination());
    Feed {
        id: mapping.uuid().unwrap_or_default().to_owned(),
        state: mapping.state().unwrap_or("unknown").to_owned(),
        last_result: mapping.last_processing_result().map(str::to_owned),
        batch_size: limit(mapping.batch_size()).unwrap_or(BATCH_SIZE),
        window_seconds: limit(mapping.maximum_batching_window_in_seconds()).unwrap_or(0),
        parallelization: limit(mapping.parallelization_factor()).unwrap_or(1),
        reports: mapping.function_response_types().contains(&FunctionResponseType::ReportBatchItemFailures),
        attempts: limit(mapping.maximum_retry_attempts()),
        max_age_seconds: limit(mapping.maximum_record_age_in_seconds()),
        destination: destination.filter(|arn| !arn.is_empty()).map(str::to_owned),
        stream_name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        stream: stream(client, arn).await,
        sample: if filters_data(mapping) { sample::sample(client, arn).await } else { Err(Unseen::NotPart) },
    }
}

async fn stream(client: &aws_sdk_kinesis::Client, arn: &str) -> Seen<Stream> {
    let what = format!("the stream {arn} cannot be read");
    let answer = client.describe_stream_summary().stream_arn(arn).send().await;
    let summary = found(&what, answer, |error| error.is_resource_not_found_exception())?.stream_description_summary;
    let summary = summary.ok_or_else(|| Unseen::Failed(format!("{what}: the answer is empty")))?;
    let positive = |number: i32| u64::try_from(number).unwrap_or(0);
    Ok(Stream {
        retention_hours: positive(summary.retention_period_hours),
        shards: positive(summary.open_shard_count),
        max_record_kib: summary.max_record_size_in_kib.map_or(RECORD_KIB, positive),
    })
}

/// The stream of an event source that is a Kinesis stream, or a consumer of one.
fn stream_arn(source: &str) -> Option<&str> {
    let resource = source.splitn(6, ':').nth(5)?;
    let name = resource.strip_prefix("stream/").filter(|_| source.split(':').nth(2) == Some("kinesis"))?;
    let consumer = name.find('/').map_or(0, |at| name.len() - at);
    Some(&source[..source.len() - consumer])
}

/// Whether a pattern asks for the records' data, so that Lambda must read them as JSON.
fn filters_data(mapping: &EventSourceMappingConfiguration) -> bool {
    let filters = mapping.filter_criteria().map(|criteria| criteria.filters()).unwrap_or_default();
    let names_data = |pattern: &str| serde_json::from_str::<Value>(pattern).is_ok_and(|pattern| pattern.get("data").is_some());
    filters.iter().filter_map(|filter| filter.pattern()).any(names_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_source_is_found_behind_a_consumer_too() {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s";
        assert_eq!(stream_arn(arn), Some(arn));
        assert_eq!(stream_arn(&format!("{arn}/consumer/c:1545084650")), Some(arn));
        assert_eq!(stream_arn("arn:aws:kafka:eu-west-1:123456789012:cluster/c"), None);
        assert_eq!(stream_arn("arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/s"), None);
    }
}
