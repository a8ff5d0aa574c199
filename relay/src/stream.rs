//! The calls to DynamoDB and its streams; each is tried again, here and nowhere else, until it is answered or refused.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType, StreamStatus};
use tablefeed::aws::ATTEMPT_TIMEOUT;
use tokio::time::sleep;

use crate::change::Sequence;
use crate::tree::Shard;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A client for streams that tries each call once, as those of [`tablefeed::aws::Clients`] do.
pub fn streams_client(config: &SdkConfig, endpoint_url: Option<&str>) -> aws_sdk_dynamodbstreams::Client {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let config = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
    let mut streams = aws_sdk_dynamodbstreams::config::Builder::from(&config);
    if let Some(url) = endpoint_url {
        streams = streams.endpoint_url(url);
    }
    aws_sdk_dynamodbstreams::Client::from_conf(streams.build())
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    #[error("it does not exist")]
    Gone,
    #[error("the record is trimmed")]
    Trimmed,
    #[error("the iterator expired")]
    Expired,
    #[error("{0}")]
    Refused(String),
}

/// From where an iterator reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Latest,
    Horizon,
    /// A record, or the first behind it if there is none of that number.
    At(Sequence),
    After(Sequence),
}

impl From {
    /// The record that comes before, if that is known.
    pub fn after(&self) -> Option<Sequence> {
        if let From::After(sequence) = self { Some(sequence.clone()) } else { None }
    }
}

/// All shards of a stream.
#[derive(Debug, Clone)]
pub struct Listing {
    pub shards: Vec<Shard>,
    /// Nothing is written to the stream any more.
    pub disabled: bool,
}

/// What a call to read returned.
#[derive(Debug)]
pub struct Read {
    pub records: Vec<Record>,
    /// `None` at the end of the shard.
    pub next: Option<String>,
}

/// The clients, and how long to wait before a call is tried again.
#[derive(Debug, Clone)]
pub struct Streams {
    dynamodb: aws_sdk_dynamodb::Client,
    client: aws_sdk_dynamodbstreams::Client,
    first_wait: Duration,
    last_wait: Duration,
}

impl Streams {
    pub fn new(
        dynamodb: aws_sdk_dynamodb::Client,
        client: aws_sdk_dynamodbstreams::Client,
        first_wait: Duration,
        last_wait: Duration,
    ) -> Streams {
        Streams { dynamodb, client, first_wait, last_wait }
    }

    /// The ARN of a table's stream, if it is enabled; [`StreamError::Gone`] if there is no such table.
    pub async fn of_table(&self, table: &str) -> Result<Option<String>, StreamError> {
        let described = self.tried(|| self.dynamodb.describe_table().table_name(table).send()).await?;
        let Some(table) = described.table else { return Err(StreamError::Gone) };
        let enabled = table.stream_specification.as_ref().is_some_and(|stream| stream.stream_enabled);
        Ok(table.latest_stream_arn.filter(|_| enabled))
    }

    /// The ARNs of a table's streams, enabled or not, the oldest first.
    pub async fn history(&self, table: &str) -> Result<Vec<String>, StreamError> {
        let (mut arns, mut from) = (Vec::new(), None::<String>);
        loop {
            let call = || self.client.list_streams().table_name(table).set_exclusive_start_stream_arn(from.clone()).send();
            let page = self.tried(call).await?;
            arns.extend(page.streams.unwrap_or_default().into_iter().filter_map(|stream| stream.stream_arn));
            from = page.last_evaluated_stream_arn;
            if from.is_none() {
                arns.sort();
                return Ok(arns);
            }
        }
    }

    /// All pages of a stream's description.
    pub async fn listing(&self, arn: &str) -> Result<Listing, StreamError> {
        let mut listing = Listing { shards: Vec::new(), disabled: true };
        let mut from: Option<String> = None;
        loop {
            let call = || self.client.describe_stream().stream_arn(arn).set_exclusive_start_shard_id(from.clone()).send();
            let Some(page) = self.tried(call).await?.stream_description else {
                return Err(StreamError::Refused("a stream's description is empty".to_owned()));
            };
            listing.disabled &= matches!(page.stream_status, Some(StreamStatus::Disabled));
            listing.shards.extend(page.shards.unwrap_or_default().into_iter().filter_map(shard));
            from = page.last_evaluated_shard_id;
            if from.is_none() {
                return Ok(listing);
            }
        }
    }

    /// An iterator; `None` if the service gives none, as for a shard without anything more.
    pub async fn iterator(&self, arn: &str, shard: &str, from: &From) -> Result<Option<String>, StreamError> {
        let (kind, sequence) = match from {
            From::Latest => (ShardIteratorType::Latest, None),
            From::Horizon => (ShardIteratorType::TrimHorizon, None),
            From::At(sequence) => (ShardIteratorType::AtSequenceNumber, Some(sequence.as_str().to_owned())),
            From::After(sequence) => (ShardIteratorType::AfterSequenceNumber, Some(sequence.as_str().to_owned())),
        };
        let call = || {
            let call = self.client.get_shard_iterator().stream_arn(arn).shard_id(shard);
            call.shard_iterator_type(kind.clone()).set_sequence_number(sequence.clone()).send()
        };
        Ok(self.tried(call).await?.shard_iterator)
    }

    /// One page of a shard's records.
    pub async fn read(&self, iterator: &str) -> Result<Read, StreamError> {
        let read = self.tried(|| self.client.get_records().shard_iterator(iterator).send()).await?;
        Ok(Read { records: read.records.unwrap_or_default(), next: read.next_shard_iterator })
    }

    async fn tried<T, E, F>(&self, call: impl Fn() -> F) -> Result<T, StreamError>
    where
        E: ProvideErrorMetadata + std::error::Error + Debug + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut wait = self.first_wait;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error.as_service_error().and_then(ProvideErrorMetadata::code) {
                Some("ResourceNotFoundException") => return Err(StreamError::Gone),
                Some("TrimmedDataAccessException") => return Err(StreamError::Trimmed),
                Some("ExpiredIteratorException") => return Err(StreamError::Expired),
                Some(code) if code.starts_with("Access") || code.starts_with("Validation") || code.starts_with("Unrecognized") => {
                    return Err(StreamError::Refused(DisplayErrorContext(&error).to_string()));
                }
                _ => {}
            }
            sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            wait = (wait * 2).min(self.last_wait);
        }
    }
}

fn shard(listed: aws_sdk_dynamodbstreams::types::Shard) -> Option<Shard> {
    let range = listed.sequence_number_range;
    Some(Shard {
        id: listed.shard_id?,
        parent: listed.parent_shard_id,
        closed: range.as_ref().is_some_and(|range| range.ending_sequence_number.is_some()),
        start: range.and_then(|range| range.starting_sequence_number).and_then(|number| Sequence::parse(&number)),
    })
}
