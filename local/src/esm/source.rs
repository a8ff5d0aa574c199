//! How a stream feeds a function: the settings of an event source mapping, with Lambda's defaults and limits.

use std::time::Duration;

/// What a batch's event may hold, in bytes of JSON ("Using Lambda to process records from Amazon Kinesis Data Streams" in the AWS Lambda
/// developer guide says 6 MB; the data count base64-encoded, with Lambda's own fields).
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The settings of an event source mapping for one stream ("Lambda parameters for Amazon Kinesis Data Streams event source mappings" in
/// the AWS Lambda developer guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    pub stream_arn: String,
    pub function_arn: String,
    /// The most records in an event, 1–10,000; Lambda's default is 100.
    pub batch_size: usize,
    /// How long a batch that is not full waits for more records: 0–300 s; Lambda's default is 0.
    pub window: Duration,
    /// Batches of one shard in flight at once, 1–10; Lambda's default is 1. Records with one partition key stay in one lane.
    pub parallelization_factor: u32,
    /// How often a batch is delivered again after its first time: 0–10,000; `None` is Lambda's −1 and its default, for ever.
    pub max_retry_attempts: Option<u32>,
    /// Older records are discarded instead of delivered: 60–604,800 s; `None` is Lambda's −1 and its default, none is too old.
    pub max_record_age: Option<Duration>,
    /// A batch that fails is split, and its parts are delivered one after the other; Lambda's default is no.
    pub bisect_on_function_error: bool,
    /// The function's response is read (`FunctionResponseTypes: [ReportBatchItemFailures]`); Lambda's default is no: it is ignored.
    pub report_batch_item_failures: bool,
    pub on_failure: OnFailure,
}

/// Where discarded records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Nowhere: no destination is set.
    Drop,
    /// A queue or topic: what was discarded is described, the records themselves are left out.
    Metadata,
    /// A bucket: the description and the whole event.
    Whole,
}

/// A setting is outside Lambda's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    #[error("batch_size is {0}: set 1 to 10,000 records")]
    BatchSize(usize),
    #[error("window is {0:?}: set 0 to 300 seconds")]
    Window(Duration),
    #[error("parallelization_factor is {0}: set 1 to 10")]
    ParallelizationFactor(u32),
    #[error("max_retry_attempts is {0}: set 0 to 10,000, or none for no limit")]
    MaxRetryAttempts(u32),
    #[error("max_record_age is {0:?}: set 60 to 604,800 seconds, or none for no limit")]
    MaxRecordAge(Duration),
}

impl EventSource {
    /// Lambda's defaults.
    pub fn new(stream_arn: &str, function_arn: &str) -> EventSource {
        EventSource {
            stream_arn: stream_arn.to_owned(),
            function_arn: function_arn.to_owned(),
            batch_size: 100,
            window: Duration::ZERO,
            parallelization_factor: 1,
            max_retry_attempts: None,
            max_record_age: None,
            bisect_on_function_error: false,
            report_batch_item_failures: false,
            on_failure: OnFailure::Drop,
        }
    }

    /// The first setting that is outside Lambda's limits.
    pub fn check(&self) -> Result<(), InvalidSource> {
        let seconds = Duration::from_secs;
        if !(1..=10_000).contains(&self.batch_size) {
            return Err(InvalidSource::BatchSize(self.batch_size));
        }
        if self.window > seconds(300) {
            return Err(InvalidSource::Window(self.window));
        }
        if !(1..=10).contains(&self.parallelization_factor) {
            return Err(InvalidSource::ParallelizationFactor(self.parallelization_factor));
        }
        if let Some(attempts) = self.max_retry_attempts.filter(|&attempts| attempts > 10_000) {
            return Err(InvalidSource::MaxRetryAttempts(attempts));
        }
        match self.max_record_age {
            Some(age) if !(seconds(60)..=seconds(604_800)).contains(&age) => Err(InvalidSource::MaxRecordAge(age)),
            _ => Ok(()),
        }
    }

    /// Whether a record that arrived then is too old now: older than the limit, not exactly as old.
    pub(super) fn is_too_old(&self, arrival: Duration, now: Duration) -> bool {
        self.max_record_age.is_some_and(|limit| now.saturating_sub(arrival) > limit)
    }

    /// Whether a batch that was delivered so often may be delivered once more.
    pub(super) fn may_retry(&self, deliveries: u32) -> bool {
        self.max_retry_attempts.is_none_or(|retries| deliveries <= retries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut EventSource);

    fn changed(change: Change) -> Result<(), InvalidSource> {
        let mut source = EventSource::new("stream", "function");
        change(&mut source);
        source.check()
    }

    #[test]
    fn the_limits_themselves_are_legal() {
        let legal: [Change; 7] = [
            |_| (),
            |source| source.batch_size = 1,
            |source| source.batch_size = 10_000,
            |source| source.window = Duration::from_secs(300),
            |source| source.parallelization_factor = 10,
            |source| source.max_retry_attempts = Some(10_000),
            |source| source.max_record_age = Some(Duration::from_secs(60)),
        ];
        assert!(legal.into_iter().all(|change| changed(change).is_ok()));
    }

    #[test]
    fn past_a_limit_the_setting_is_named() {
        assert_eq!(changed(|source| source.batch_size = 0), Err(InvalidSource::BatchSize(0)));
        assert_eq!(changed(|source| source.batch_size = 10_001), Err(InvalidSource::BatchSize(10_001)));
        assert!(matches!(changed(|source| source.window = Duration::from_secs(301)), Err(InvalidSource::Window(_))));
        assert_eq!(changed(|source| source.parallelization_factor = 0), Err(InvalidSource::ParallelizationFactor(0)));
        assert_eq!(changed(|source| source.parallelization_factor = 11), Err(InvalidSource::ParallelizationFactor(11)));
        assert_eq!(changed(|source| source.max_retry_attempts = Some(10_001)), Err(InvalidSource::MaxRetryAttempts(10_001)));
        assert!(matches!(changed(|source| source.max_record_age = Some(Duration::from_secs(59))), Err(InvalidSource::MaxRecordAge(_))));
        assert!(matches!(
            changed(|source| source.max_record_age = Some(Duration::from_secs(604_801))),
            Err(InvalidSource::MaxRecordAge(_))
        ));
    }

    #[test]
    fn a_record_exactly_at_the_age_limit_is_not_too_old() {
        let limit = Duration::from_secs(60);
        let source = EventSource { max_record_age: Some(limit), ..EventSource::new("stream", "function") };
        let arrival = Duration::from_secs(1000);
        assert!(!source.is_too_old(arrival, arrival + limit));
        assert!(source.is_too_old(arrival, arrival + limit + Duration::from_millis(1)));
        assert!(!source.is_too_old(arrival, Duration::ZERO));
        assert!(!EventSource::new("stream", "function").is_too_old(Duration::ZERO, Duration::MAX));
    }
}
