//! Every setting of the function, once: name, aliases, default, meaning.
//!
//! In: a look-up of names (the environment, or a map in tests) and a way to read a mapping's file. Out: [`Settings`], or a
//! [`SettingsError`] that names every bad setting at once. Reads nothing by itself.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use crate::mapping::Mappings;

/// One name of [`SETTINGS`].
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// Names that older systems used for the same thing.
    pub aliases: &'static [&'static str],
    /// What holds when it is not set; `required` when it must be.
    pub default: &'static str,
    pub meaning: &'static str,
}

/// All settings, in the order in which the docs show them. A value that is empty counts as not set.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "TABLE",
        aliases: &["DDB_CURATED_RECORDS_TABLE_ARN", "TABLE_NAME", "table_name"],
        default: "required",
        meaning: "The table's name or ARN; an ARN's region is used for the table.",
    },
    Setting {
        name: "DLQ_URL",
        aliases: &[],
        default: "required",
        meaning: "URL of the SQS queue that receives letters (standard, not FIFO).",
    },
    Setting {
        name: "LATEST_BATCH_ID",
        aliases: &[],
        default: "required if the mapping names {@batch}",
        meaning: "Name of the SSM parameter that holds the batch id.",
    },
    Setting {
        name: "BATCH_ID_MAX_AGE_SECONDS",
        aliases: &[],
        default: "0",
        meaning: "How long a batch id that was read may be used again; 0 reads it at every invocation.",
    },
    Setting {
        name: "MAPPING",
        aliases: &[],
        default: "curated",
        meaning: "`curated`, `document`, a mapping as inline JSON, or the path of a file with one.",
    },
    Setting {
        name: "PERSIST_RECORDS",
        aliases: &[],
        default: "no limit",
        meaning: "Items that one invocation may persist; 0 is a dry run.",
    },
    Setting {
        name: "OVER_LIMIT",
        aliases: &[],
        default: "dlq",
        meaning: "What becomes of documents past PERSIST_RECORDS: `dlq` (letters) or `skip` (left out).",
    },
    Setting {
        name: "WRITE_FAILURES",
        aliases: &[],
        default: "retry",
        meaning: "What becomes of items that could not be written in time: `retry` (redelivered) or `dlq` (letters).",
    },
    Setting {
        name: "WRITE_CONCURRENCY",
        aliases: &[],
        default: "40",
        meaning: "BatchWriteItem requests in flight at once, 1 to 256; shrinks by itself while the table throttles.",
    },
    Setting {
        name: "DEADLINE_MARGIN_MS",
        aliases: &[],
        default: "a tenth of the time-out, at least 1000, at most half of it",
        meaning: "How long before the function's time-out writing stops, in milliseconds.",
    },
    Setting {
        name: "MAX_EVENT_BYTES",
        aliases: &[],
        default: "67108864",
        meaning: "Bytes of record data, decompressed, that one invocation decodes; the rest is redelivered.",
    },
    Setting {
        name: "MAX_DECOMPRESSED_BYTES",
        aliases: &[],
        default: "16777216",
        meaning: "Bytes that one record may decompress to; what would pass them becomes a letter.",
    },
    Setting {
        name: "ID_NAMESPACE",
        aliases: &[],
        default: "123febc1-8bcf-5d39-b242-5679cb26dfc4",
        meaning: "UUID under which {@id}, {@hash:…} and letter ids are made.",
    },
    Setting {
        name: "LOG_LEVEL",
        aliases: &[],
        default: "INFO",
        meaning: "TRACE, DEBUG, INFO, WARN or ERROR; AWS_LAMBDA_LOG_LEVEL and POWERTOOLS_LOG_LEVEL come before it.",
    },
    Setting { name: "POWERTOOLS_SERVICE_NAME", aliases: &[], default: "persist", meaning: "The dimension `service` of the metrics." },
    Setting { name: "POWERTOOLS_METRICS_NAMESPACE", aliases: &[], default: "tablefeed", meaning: "The metrics' namespace in CloudWatch." },
    Setting {
        name: "DRILL_PANIC_PARTITION_KEY",
        aliases: &[],
        default: "off",
        meaning: "A drill: records of this partition key panic while they are decoded, and must become letters.",
    },
];

/// Names that other versions know. Set, they would be ignored in silence; so they are refused.
const NOT_SUPPORTED: &[&str] = &[
    "PARTITION_KEY",
    "SORT_KEY",
    "param_partition_key",
    "param_sort_key",
    "TIME_FIELD",
    "TIME_UNIT",
    "TIME_ZONE",
    "WRITE_MODE",
    "MAX_RETRY",
    "max_retry",
    "ORDER_BY",
    "ORDER_ATTRIBUTE",
    "CREATE_TABLE",
    "CHECK_TABLE",
    "TABLE_PREFIX",
];

/// The namespace of identities unless `ID_NAMESPACE` sets another: UUIDv5 of the DNS name `tablefeed`. Never changes.
const NAMESPACE: Uuid = uuid::uuid!("123febc1-8bcf-5d39-b242-5679cb26dfc4");

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

/// How much is logged; each level includes those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// The settings of one function, checked.
#[derive(Debug)]
pub struct Settings {
    pub table: TableName,
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
    /// `None`: from the function's time-out.
    pub deadline_margin: Option<Duration>,
    pub max_event_bytes: usize,
    pub max_decompressed_bytes: usize,
    pub id_namespace: Uuid,
    pub log_level: LogLevel,
    pub service: String,
    pub metrics_namespace: String,
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
        reader.refuse_unsupported();
        let table = reader.required("TABLE", parse_table);
        let dlq_url = reader.required("DLQ_URL", parse_queue_url);
        let batch_parameter = reader.text("LATEST_BATCH_ID");
        let mapping = reader.mapping(batch_parameter.is_some(), read_file);
        if batch_parameter.is_none() && mapping.as_ref().is_some_and(Mappings::needs_batch) {
            reader.problem("LATEST_BATCH_ID", "is missing: the mapping names {@batch}; give the name of the SSM parameter that holds it");
        }
        let write_failures = reader.one_of("WRITE_FAILURES", &[("retry", WriteFailures::Retry), ("dlq", WriteFailures::Dlq)]);
        if write_failures == Some(WriteFailures::Dlq) && mapping.as_ref().is_some_and(|mapping| !mapping.keyed_by_identity()) {
            reader.problem(
                "WRITE_FAILURES",
                "dlq needs keys that contain {@id}: a letter for a key that documents choose would break that key's order; use retry",
            );
        }
        let persist_records = reader.number("PERSIST_RECORDS", 0..=u64::MAX, "a whole number of items, or 0 for a dry run");
        let write_concurrency = reader.number("WRITE_CONCURRENCY", 1..=256, "a whole number from 1 to 256");
        let batch_id_max_age = reader.number("BATCH_ID_MAX_AGE_SECONDS", 0..=86_400, "a whole number of seconds from 0 to 86400");
        let deadline_margin = reader.number("DEADLINE_MARGIN_MS", 0..=900_000, "a whole number of milliseconds from 0 to 900000");
        let max_event_bytes = reader.number("MAX_EVENT_BYTES", 1..=1 << 40, "a whole number of bytes, at least 1");
        let max_decompressed_bytes = reader.number("MAX_DECOMPRESSED_BYTES", 1..=1 << 30, "a whole number of bytes from 1 to 1073741824");
        let id_namespace = reader.parsed("ID_NAMESPACE", |text| Uuid::from_str(text).map_err(|_| "must be a UUID".to_owned()));
        let log_level = reader.log_level();
        let over_limit = reader.one_of("OVER_LIMIT", &[("dlq", OverLimit::Dlq), ("skip", OverLimit::Skip)]);
        let service = reader.text("POWERTOOLS_SERVICE_NAME").unwrap_or_else(|| "persist".to_owned());
        let metrics_namespace = reader.text("POWERTOOLS_METRICS_NAMESPACE").unwrap_or_else(|| "tablefeed".to_owned());
        let drill_panic_partition_key = reader.text("DRILL_PANIC_PARTITION_KEY");
        match (table, dlq_url, mapping) {
            (Some(table), Some(dlq_url), Some(mapping)) if reader.problems.is_empty() => Ok(Settings {
                table,
                dlq_url,
                batch_parameter: batch_parameter.filter(|_| mapping.needs_batch()),
                batch_id_max_age: Duration::from_secs(batch_id_max_age.unwrap_or(0)),
                mapping,
                persist_records,
                over_limit: over_limit.unwrap_or(OverLimit::Dlq),
                write_failures: write_failures.unwrap_or(WriteFailures::Retry),
                write_concurrency: write_concurrency.map_or(DEFAULT_WRITE_CONCURRENCY, to_usize),
                deadline_margin: deadline_margin.map(Duration::from_millis),
                max_event_bytes: max_event_bytes.map_or(DEFAULT_MAX_EVENT_BYTES, to_usize),
                max_decompressed_bytes: max_decompressed_bytes.map_or(DEFAULT_MAX_DECOMPRESSED_BYTES, to_usize),
                id_namespace: id_namespace.unwrap_or(NAMESPACE),
                log_level,
                service,
                metrics_namespace,
                warnings: warnings(persist_records, drill_panic_partition_key.as_deref()),
                drill_panic_partition_key,
            }),
            _ => Err(SettingsError { problems: reader.problems }),
        }
    }

    /// Nothing is written, nothing is called.
    pub fn dry_run(&self) -> bool {
        self.persist_records == Some(0)
    }
}

fn warnings(persist_records: Option<u64>, drill: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    match persist_records {
        Some(0) => warnings.push("PERSIST_RECORDS=0 is a dry run: nothing is written".to_owned()),
        Some(1) => warnings.push(
            "PERSIST_RECORDS=1 persists one item an invocation; older deployments used 1 as a flag: leave it unset for no limit".to_owned(),
        ),
        _ => {}
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

struct Reader<L> {
    look_up: L,
    problems: Vec<Problem>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn problem(&mut self, name: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { name, message: message.into() });
    }

    fn refuse_unsupported(&mut self) {
        for name in NOT_SUPPORTED {
            if self.value(name).is_some() {
                self.problem(name, "is set, but this version does not support it; remove it");
            }
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.look_up)(name).filter(|value| !value.is_empty())
    }

    /// The value under the setting's name or an alias; two that differ are a problem.
    fn text(&mut self, name: &'static str) -> Option<String> {
        let aliases = SETTINGS.iter().find(|setting| setting.name == name).map_or(&[][..], |setting| setting.aliases);
        let mut found: Option<(&str, String)> = None;
        for candidate in std::iter::once(&name).chain(aliases) {
            let Some(value) = self.value(candidate) else { continue };
            match &found {
                None => found = Some((candidate, value)),
                Some((first, other)) if *other != value => {
                    self.problem(name, format!("is given twice and differs: {first} and {candidate}; keep one"));
                    return None;
                }
                Some(_) => {}
            }
        }
        found.map(|(_, value)| value)
    }

    fn parsed<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(name, message);
                None
            }
        }
    }

    fn required<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let before = self.problems.len();
        let value = self.parsed(name, parse);
        if value.is_none() && self.problems.len() == before {
            let meaning = SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.meaning);
            self.problem(name, format!("is missing: {}", meaning.trim_end_matches('.')));
        }
        value
    }

    fn number(&mut self, name: &'static str, range: std::ops::RangeInclusive<u64>, expected: &str) -> Option<u64> {
        self.parsed(name, |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("is {text:?}; it must be {expected}")),
        })
    }

    fn one_of<T: Copy>(&mut self, name: &'static str, values: &[(&str, T)]) -> Option<T> {
        self.parsed(name, |text| {
            values.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
                format!("is {text:?}; it must be {}", words.join(" or "))
            })
        })
    }

    fn log_level(&mut self) -> LogLevel {
        let by_lambda = self.value("AWS_LAMBDA_LOG_LEVEL").or_else(|| self.value("POWERTOOLS_LOG_LEVEL"));
        let text = by_lambda.or_else(|| self.text("LOG_LEVEL"));
        let level = text.as_deref().map_or("INFO".to_owned(), str::to_ascii_uppercase);
        match level.as_str() {
            "TRACE" | "DEBUG" => LogLevel::Debug,
            "INFO" => LogLevel::Info,
            "WARN" | "WARNING" => LogLevel::Warn,
            "ERROR" | "FATAL" | "CRITICAL" => LogLevel::Error,
            _ => {
                self.problem("LOG_LEVEL", format!("is {level:?}; it must be TRACE, DEBUG, INFO, WARN or ERROR"));
                LogLevel::Info
            }
        }
    }

    fn mapping(&mut self, batch_configured: bool, read_file: impl Fn(&str) -> io::Result<String>) -> Option<Mappings> {
        let text = self.text("MAPPING").unwrap_or_else(|| "curated".to_owned());
        if let Some(mapping) = Mappings::built_in(&text, batch_configured) {
            return Some(mapping);
        }
        let inline = text.trim_start().starts_with(['{', '[']);
        let (place, declaration) = if inline {
            (String::new(), text)
        } else {
            match read_file(&text) {
                Ok(declaration) => (format!("{text}: "), declaration),
                Err(error) => {
                    let built_in = Mappings::BUILT_IN.join(", ");
                    self.problem(
                        "MAPPING",
                        format!("is {text:?}, which is no built-in ({built_in}), no JSON, and no file that can be read ({error})"),
                    );
                    return None;
                }
            }
        };
        match Mappings::compile(&declaration) {
            Ok(mapping) => Some(mapping),
            Err(error) => {
                self.problem("MAPPING", format!("does not compile: {place}{error}"));
                None
            }
        }
    }
}

/// A table's name (3 to 255 of `a-z A-Z 0-9 _ . -`) or ARN, as the API reference of `DynamoDB` defines them.
fn parse_table(text: &str) -> Result<TableName, String> {
    let (name, region) = if text.starts_with("arn:") {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            [_, _, "dynamodb", region, _, resource] => {
                (resource.strip_prefix("table/").unwrap_or_default(), Some(region.to_owned()).filter(|region| !region.is_empty()))
            }
            _ => return Err(format!("is {text:?}; a table's ARN is arn:aws:dynamodb:REGION:ACCOUNT:table/NAME")),
        }
    } else {
        (text, None)
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (3..=255).contains(&name.len()) && name.bytes().all(legal) {
        Ok(TableName { id: text.to_owned(), region })
    } else {
        Err(format!("is {text:?}; it must be a table's name (3 to 255 letters, digits, '_', '.', '-') or ARN"))
    }
}

fn parse_queue_url(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") {
        return Err(format!("is {text:?}; it must be the queue's URL, not its ARN"));
    }
    if std::path::Path::new(text).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("fifo")) {
        return Err(format!("is {text:?}; it must be a standard queue, not a FIFO one"));
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    match rest.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("is {text:?}; it must be a queue's URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/letters")),
    }
}
