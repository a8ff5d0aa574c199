//! The settings that ingest has besides the function's, once: name, default, meaning.

use tablefeed::settings::Setting;
use tablefeed_server::KEY_SETTINGS;

/// In the order in which the docs show them. A value that is empty counts as not set.
pub const INGEST_SETTINGS: &[Setting] = &[
    Setting { name: "REGION", aliases: &[], default: "the SDK's", meaning: "The region of table and queue." },
    Setting { name: "MODULE_NAME", aliases: &[], default: "ingest", meaning: "The name that health and logs show." },
    Setting { name: "PORT", aliases: &[], default: "8080", meaning: "The server's port; 0 takes any free one." },
    Setting { name: "BIND_ADDRESS", aliases: &[], default: "127.0.0.1", meaning: "The address that the server listens on." },
    KEY_SETTINGS[0],
    KEY_SETTINGS[1],
    KEY_SETTINGS[2],
    Setting {
        name: "PARTIAL",
        aliases: &[],
        default: "false",
        meaning: "`true` stores the fit documents of a body although others are unfit.",
    },
    Setting { name: "MAX_BODY_BYTES", aliases: &[], default: "6291456", meaning: "Bytes that a body may have, also when decompressed." },
    Setting {
        name: "REQUEST_TIMEOUT_MS",
        aliases: &[],
        default: "10000",
        meaning: "How long a request may take, in milliseconds; on Lambda keep it below the function's time-out.",
    },
    Setting {
        name: "LINGER_MS",
        aliases: &[],
        default: "2",
        meaning: "How long documents of concurrent requests may wait to share a BatchWriteItem call, in milliseconds.",
    },
    Setting { name: "MAX_CONNECTIONS", aliases: &[], default: "1024", meaning: "Connections that the server holds at once." },
    Setting {
        name: "EGRESS_API_HOST",
        aliases: &[],
        default: "none",
        meaning: "URLs, with commas between several, to which stored documents are POSTed; not on Lambda, which has no disk that lasts.",
    },
    Setting {
        name: "SPOOL_DIR",
        aliases: &[],
        default: "required by EGRESS_API_HOST",
        meaning: "Directory that keeps what is not forwarded yet; one process at a time.",
    },
    Setting {
        name: "SPOOL_MAX_BYTES",
        aliases: &[],
        default: "1073741824",
        meaning: "Bytes that wait for each URL at most; then nothing is taken.",
    },
    Setting {
        name: "EGRESS_TIMEOUT_MS",
        aliases: &[],
        default: "10000",
        meaning: "How long the next module may take to answer, in milliseconds.",
    },
];
