//! Records read back from their Kinesis stream: one by its sequence number, or a shard's from one on.
//!
//! In: a stream's ARN, a shard, a sequence number. Out: records, or a text that says why they cannot be read. Nothing is written.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use tablefeed::write::fault::Fault;
use tokio::time::sleep;

/// A shard answers five calls a second.
const PAUSE: Duration = Duration::from_millis(200);
/// Pages without a record that are passed over; Kinesis may give some while it looks for the next record.
const MOST_EMPTY: u32 = 100;
/// Tries of a call, for a shard has other readers.
const TRIES: u32 = 8;
/// A page may be 10 MB.
const ATTEMPT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// The streams of an account, in whatever region they are.
#[derive(Debug)]
pub struct Streams {
    config: SdkConfig,
}

/// Reads a shard from a sequence number on.
#[derive(Debug)]
pub struct Reader {
    client: Client,
    stream: String,
    /// `None` at the end of a closed shard.
    iterator: Option<String>,
}

impl Streams {
    pub fn new(config: &SdkConfig) -> Streams {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        Streams {
            config: config.to_builder().retry_config(RetryConfig::standard().with_max_attempts(TRIES)).timeout_config(timeouts).build(),
        }
    }

    /// The record with this sequence number.
    pub async fn record(&self, source: &str, shard: &str, sequence: &str) -> Result<Record, String> {
        let mut reader = self.reader(source, shard, sequence).await?;
        let found = reader.page(1).await?.and_then(|page| page.into_iter().next());
        match found {
            Some(record) if by_value(record.sequence_number()) == by_value(sequence) => Ok(record),
            _ => Err("its record has expired: the stream does not hold it any more".to_owned()),
        }
    }

    pub async fn reader(&self, source: &str, shard: &str, sequence: &str) -> Result<Reader, String> {
        let (stream, region) = stream_and_region(source).ok_or("its source is no Kinesis stream, so it cannot be read back")?;
        let config = aws_sdk_kinesis::config::Builder::from(&self.config).region(Region::new(region.to_owned())).build();
        let client = Client::from_conf(config);
        let call = client.get_shard_iterator().stream_arn(stream).shard_id(shard).starting_sequence_number(sequence);
        let iterator = call.shard_iterator_type(ShardIteratorType::AtSequenceNumber).send().await;
        let iterator = iterator.map_err(|error| unreadable(stream, &Fault::of(&error)))?.shard_iterator;
        Ok(Reader { client, stream: stream.to_owned(), iterator })
    }
}

impl Reader {
    /// The next records, at most `most`; `None` where the shard has no more.
    pub async fn page(&mut self, most: i32) -> Result<Option<Vec<Record>>, String> {
        for _ in 0..MOST_EMPTY {
            let Some(iterator) = self.iterator.take() else { return Ok(None) };
            let call = self.client.get_records().stream_arn(&self.stream).shard_iterator(iterator).limit(most);
            let page = call.send().await.map_err(|error| unreadable(&self.stream, &Fault::of(&error)))?;
            self.iterator = page.next_shard_iterator;
            if !page.records.is_empty() {
                return Ok(Some(page.records));
            }
            if page.millis_behind_latest == Some(0) {
                return Ok(None);
            }
            sleep(PAUSE).await;
        }
        Err(format!("the stream {} gave no record in {MOST_EMPTY} pages; run again", self.stream))
    }
}

/// A sequence number by its value: as a pair that compares as the numbers do.
pub fn by_value(sequence: &str) -> (usize, &str) {
    let digits = sequence.trim_start_matches('0');
    (digits.len(), digits)
}

/// Of an event source's ARN, which may be that of a stream's consumer.
fn stream_and_region(source: &str) -> Option<(&str, &str)> {
    let mut parts = source.splitn(6, ':').skip(2);
    let ("kinesis", region, Some(name)) = (parts.next()?, parts.next()?, parts.nth(1)) else { return None };
    let name = name.strip_prefix("stream/")?;
    let consumer = name.find('/').map_or(0, |at| name.len() - at);
    (!region.is_empty()).then_some((&source[..source.len() - consumer], region))
}

fn unreadable(stream: &str, fault: &Fault) -> String {
    format!("it cannot be read back from {stream}: {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_an_event_source_is_found() {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s";
        assert_eq!(stream_and_region(arn), Some((arn, "eu-west-1")));
        assert_eq!(stream_and_region(&format!("{arn}/consumer/c:1545084650")), Some((arn, "eu-west-1")));
        for other in
            ["", "arn:aws:kinesis:EXAMPLE", "arn:aws:kafka:eu-west-1:1:cluster/c", "arn:aws:kinesis:::stream/s", "arn:aws:kinesis:r:1:x/s"]
        {
            assert_eq!(stream_and_region(other), None, "{other}");
        }
    }

    #[test]
    fn sequence_numbers_compare_by_value() {
        assert!(by_value("9") < by_value("10") && by_value("010") == by_value("10"));
    }
}
