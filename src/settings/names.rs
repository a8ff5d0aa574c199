//! Every setting, once: name, aliases, default, meaning.

/// One name of [`SETTINGS`].
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    /// Names that older systems used for the same thing.
    pub aliases: &'static [&'static str],
    /// What holds when it is not set; `required` when it must be.
    pub default: &'static str,
    pub meaning: &'static str,
}

/// How a function logs, whatever its other settings are; `service` is its name unless it is set.
pub const fn logging_settings(service: &'static str) -> [Setting; 5] {
    [
        Setting {
            name: "LOG_LEVEL",
            aliases: &[],
            default: "INFO",
            meaning: "TRACE, DEBUG, INFO, WARN or ERROR; AWS_LAMBDA_LOG_LEVEL and POWERTOOLS_LOG_LEVEL come before it.",
        },
        Setting {
            name: "POWERTOOLS_LOGGER_SAMPLE_RATE",
            aliases: &[],
            default: "0",
            meaning: "The share of invocations, 0 to 1, that are logged at DEBUG whatever the level is.",
        },
        Setting {
            name: "POWERTOOLS_SERVICE_NAME",
            aliases: &[],
            default: service,
            meaning: "`service` in log lines, and the dimension of the metrics.",
        },
        Setting {
            name: "POWERTOOLS_METRICS_NAMESPACE",
            aliases: &[],
            default: "tablefeed",
            meaning: "The metrics' namespace in CloudWatch.",
        },
        Setting { name: "POWERTOOLS_METRICS_DISABLED", aliases: &[], default: "false", meaning: "`true`: no line of metrics." },
    ]
}

const LOGGING: [Setting; 5] = logging_settings("persist");

/// All settings, in the order in which the docs show them. A value that is empty counts as not set.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "TABLE",
        aliases: &["DDB_CURATED_RECORDS_TABLE_ARN", "TABLE_NAME", "table_name"],
        default: "required, unless INPUT names it",
        meaning: "The table's name or ARN; an ARN's region is used for the table.",
    },
    Setting {
        name: "INPUT",
        aliases: &["input"],
        default: "none",
        meaning: "The topic's name; without TABLE the table is called like it.",
    },
    Setting { name: "TABLE_PREFIX", aliases: &[], default: "none", meaning: "Stands before the name that INPUT gives the table." },
    Setting {
        name: "CREATE_TABLE",
        aliases: &[],
        default: "false",
        meaning: "`true` creates the table if it is missing: on demand, encrypted, with the mapping's key.",
    },
    Setting {
        name: "CHECK_TABLE",
        aliases: &[],
        default: "false",
        meaning: "`true` holds the table's key against the mapping's before the first write.",
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
        meaning: "`curated`, `document`, `reading`, `quix`, a mapping as inline JSON, or the path of a file with one.",
    },
    Setting {
        name: "PARTITION_KEY",
        aliases: &["param_partition_key"],
        default: "the mapping's",
        meaning: "In place of MAPPING, keeps every field: the partition key's field, or attribute, bar and strftime pattern ([docs](mapping.md#keys-alone)).",
    },
    Setting {
        name: "SORT_KEY",
        aliases: &["param_sort_key"],
        default: "none",
        meaning: "With PARTITION_KEY: the sort key, in the same form.",
    },
    Setting {
        name: "TIME_FIELD",
        aliases: &[],
        default: "timestamp",
        meaning: "With PARTITION_KEY: the field or JSON Pointer of the time that patterns show.",
    },
    Setting {
        name: "TIME_UNIT",
        aliases: &[],
        default: "auto",
        meaning: "With PARTITION_KEY: `s`, `ms`, `us`, `ns`, `rfc3339`, or `auto` (by its digits).",
    },
    Setting {
        name: "TIME_ZONE",
        aliases: &[],
        default: "UTC",
        meaning: "With PARTITION_KEY: the IANA time zone in which patterns show the time.",
    },
    Setting {
        name: "INPUT_LABEL",
        aliases: &[],
        default: "required by MAPPING=reading",
        meaning: "For `reading`: the field that holds the number.",
    },
    Setting {
        name: "INPUT_UNIT",
        aliases: &[],
        default: "required by MAPPING=reading",
        meaning: "For `reading`: the field that holds its unit, a text.",
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
        name: "WRITE_MODE",
        aliases: &[],
        default: "put",
        meaning: "`put` (in batches, the last write stays) or `newest` (one by one, never over a newer item).",
    },
    Setting {
        name: "ORDER_BY",
        aliases: &[],
        default: "the place in the stream",
        meaning: "Under `newest`: the field, JSON Pointer or `@arrival` whose number or text tells which document is newer.",
    },
    Setting {
        name: "ORDER_ATTRIBUTE",
        aliases: &[],
        default: "_order",
        meaning: "Under `newest`: the attribute that stores an item's place in that order.",
    },
    Setting {
        name: "WRITE_FAILURES",
        aliases: &[],
        default: "retry",
        meaning: "What becomes of items that could not be written in time: `retry` (redelivered) or `dlq` (letters).",
    },
    Setting {
        name: "MAX_RETRY",
        aliases: &["max_retry"],
        default: "until the margin",
        meaning: "How often an item is sent in one invocation, at least 1; WRITE_FAILURES says what becomes of it then.",
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
    LOGGING[0],
    LOGGING[1],
    LOGGING[2],
    LOGGING[3],
    LOGGING[4],
    Setting {
        name: "DRILL_PANIC_PARTITION_KEY",
        aliases: &[],
        default: "off",
        meaning: "A drill: records of this partition key panic while they are decoded, and must become letters.",
    },
];
