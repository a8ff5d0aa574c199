//! Every setting of the function, once: name, aliases, default, meaning.
//!
//! In: a look-up of names (the environment, or a map in tests) and a way to read a mapping's file. Out: [`Settings`], or a
//! [`SettingsError`] that names every bad setting at once. Reads nothing by itself.

mod logging;
mod names;
mod reader;
mod values;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub use crate::log::{LogLevel, Logging};
use crate::mapping::Mappings;
pub use names::{SETTINGS, Setting, logging_settings};
use reader::Reader;
use values::parse_queue_url;

/// The namespace of identities unless `ID_NAMESPACE` sets another: UUIDv5 of the DNS name `tablefeed`. Never changes.
pub const NAMESPACE: Uuid = uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4");

const DEFAULT_WRITE_CONCURRENCY: usize = 40;
const DEFAULT_MAX_EVENT_BYTES: usize = 64 << 20;
const DEFAULT_MAX_DECOMPRESSED_BYTES: usize = 16 << 20;

/// Where items go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// The name or ARN, as `BatchWriteItem` takes it.
    pub id: String,
    /// The region of an ARN.
    pub region: Option<String>,
}

/// What becomes of documents past `PERSIST_RECORDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    Dlq,
    Skip,
}

/// What becomes of items that could not be written in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailures {
    Retry,
    Dlq,
}

/// The settings of one function, checked.
#[derive(Debug)]
pub struct Settings {
    pub table: TableName,
    /// Created if it is missing.
    pub create_table: bool,
    /// Its key is held against the mapping's.
    pub check_table: bool,
    pub dlq_url: String,
    /// Name of the SSM parameter; there is one whenever the mapping names `{@batch}`.
    pub batch_parameter: Option<String>,
    pub batch_id_max_age: Duration,
    pub mapping: Mappings,
    /// Items an invocation; `None` is no limit, 0 a dry run.
    pub persist_records: Option<u64>,
    pub over_limit: OverLimit,
    pub write_failures: WriteFailures,
    pub write_concurrency: usize,
    /// How often an item is sent in one invocation; `None` is until the margin.
    pub max_retry: Option<u32>,
    /// `None`: from the function's time-out.
    pub deadline_margin: Option<Duration>,
    pub max_event_bytes: usize,
    pub max_decompressed_bytes: usize,
    pub id_namespace: Uuid,
    pub logging: Arc<Logging>,
    pub drill_panic_partition_key: Option<String>,
    /// What is legal but probably not meant.
    pub warnings: Vec<String>,
}

/// One setting that cannot be used, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub name: &'static str,
    pub message: String,
}

/// Every bad setting, in one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "{count} setting{} cannot be used: ", if count == 1 { "" } else { "s" })?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", problem.name, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads all settings from `look_up`; `read_file` reads the file that `MAPPING` may name.
    pub fn parse(
        look_up: impl Fn(&str) -> Option<String>,
        read_file: impl Fn(&str) -> io::Result<String>,
    ) -> Result<Settings, SettingsError> {
        let mut reader = Reader { look_up, problems: Vec::new() };
        let table = reader.table();
        let create_table = reader.flag("CREATE_TABLE");
        if create_table && table.as_ref().is_some_and(|table| table.id.starts_with("arn:")) {
            reader.problem("CREATE_TABLE", "needs the table's name: a table of another account or region cannot be created by its ARN");
        }
        let check_table = reader.flag("CHECK_TABLE");
        let dlq_url = reader.required("DLQ_URL", parse_queue_url);
        let batch_parameter = reader.text("LATEST_BATCH_ID");
        let mapping = reader.mapping(batch_parameter.is_some(), read_file);
        if batch_parameter.is_none() && mapping.as_ref().is_some_and(Mappings::needs_batch) {
            reader.problem("LATEST_BATCH_ID", "is missing: the mapping names {@batch}; give the name of the SSM parameter that holds it");
        }
        let (mapping, newest) = reader.write_mode(mapping);
        let write_failures = reader.one_of("WRITE_FAILURES", &[("retry", WriteFailures::Retry), ("dlq", WriteFailures::Dlq)]);
        if write_failures == Some(WriteFailures::Dlq) && !newest && mapping.as_ref().is_some_and(|mapping| !mapping.keyed_by_identity()) {
            reader.problem(
                "WRITE_FAILURES",
                "dlq needs keys that contain {@id}: a letter for a key that documents choose would break that key's order; use retry, or WRITE_MODE=newest",
            );
        }
        let persist_records = reader.number("PERSIST_RECORDS", 0..=u64::MAX, "a whole number of items, or 0 for a dry run");
        let write_concurrency = reader.number("WRITE_CONCURRENCY", 1..=256, "a whole number from 1 to 256");
        let max_retry = reader.number("MAX_RETRY", 1..=u32::MAX.into(), "a whole number of attempts, at least 1");
        let batch_id_max_age = reader.number("BATCH_ID_MAX_AGE_SECONDS", 0..=86_400, "a whole number of seconds from 0 to 86400");
        let deadline_margin = reader.number("DEADLINE_MARGIN_MS", 0..=900_000, "a whole number of milliseconds from 0 to 900000");
        let max_event_bytes = reader.number("MAX_EVENT_BYTES", 1..=1 << 40, "a whole number of bytes, at least 1");
        let max_decompressed_bytes = reader.number("MAX_DECOMPRESSED_BYTES", 1..=1 << 30, "a whole number of bytes from 1 to 1073741824");
        let id_namespace = reader.parsed("ID_NAMESPACE", |text| Uuid::from_str(text).map_err(|_| "must be a UUID".to_owned()));
        let logging = reader.logging();
        let over_limit = reader.one_of("OVER_LIMIT", &[("dlq", OverLimit::Dlq), ("skip", OverLimit::Skip)]);
        let drill_panic_partition_key = reader.text("DRILL_PANIC_PARTITION_KEY");
        match (table, dlq_url, mapping) {
            (Some(table), Some(dlq_url), Some(mapping)) if reader.problems.is_empty() => Ok(Settings {
                table,
                create_table,
                check_table,
                dlq_url,
                batch_parameter: batch_parameter.filter(|_| mapping.needs_batch()),
                batch_id_max_age: Duration::from_secs(batch_id_max_age.unwrap_or(0)),
                persist_records,
                over_limit: over_limit.unwrap_or(OverLimit::Dlq),
                write_failures: write_failures.unwrap_or(WriteFailures::Retry),
                write_concurrency: write_concurrency.map_or(DEFAULT_WRITE_CONCURRENCY, to_usize),
                max_retry: max_retry.and_then(|most| u32::try_from(most).ok()),
                deadline_margin: deadline_margin.map(Duration::from_millis),
                max_event_bytes: max_event_bytes.map_or(DEFAULT_MAX_EVENT_BYTES, to_usize),
                max_decompressed_bytes: max_decompressed_bytes.map_or(DEFAULT_MAX_DECOMPRESSED_BYTES, to_usize),
                id_namespace: id_namespace.unwrap_or(NAMESPACE),
                logging: Arc::new(logging),
                warnings: [
                    warnings(persist_records, newest && mapping.keyed_by_identity(), drill_panic_partition_key.as_deref()),
                    mapping.warnings().collect(),
                    reader.idle_time_settings(&mapping),
                ]
                .concat(),
                drill_panic_partition_key,
                mapping,
            }),
            _ => Err(SettingsError { problems: reader.problems }),
        }
    }

    /// Nothing is written, nothing is called.
    pub fn dry_run(&self) -> bool {
        self.persist_records == Some(0)
    }
}

fn warnings(persist_records: Option<u64>, newest_in_vain: bool, drill: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    match persist_records {
        Some(0) => warnings.push("PERSIST_RECORDS=0 is a dry run: nothing is written".to_owned()),
        Some(1) => warnings.push(
            "PERSIST_RECORDS=1 persists one item an invocation; older deployments used 1 as a flag: leave it unset for no limit".to_owned(),
        ),
        _ => {}
    }
    if newest_in_vain {
        warnings.push("WRITE_MODE=newest changes nothing but the cost: each key contains {@id}, so no two documents share one".to_owned());
    }
    if drill.is_some() {
        warnings.push("DRILL_PANIC_PARTITION_KEY is set: records of that key panic on purpose".to_owned());
    }
    warnings
}

/// Every number here was checked against a range that fits.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
