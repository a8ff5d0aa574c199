//! The settings of the relay, once: name, default, meaning.

use tablefeed::settings::Setting;
use tablefeed_server::KEY_SETTINGS;

/// In the order in which the docs show them. A value that is empty counts as not set.
pub const RELAY_SETTINGS: &[Setting] = &[
    Setting {
        name: "DYNAMODB_ENDPOINT_URL",
        aliases: &[],
        default: "the SDK's",
        meaning: "The endpoint of DynamoDB, and of its streams unless those have their own.",
    },
    Setting {
        name: "DYNAMODB_STREAMS_ENDPOINT_URL",
        aliases: &[],
        default: "DYNAMODB_ENDPOINT_URL",
        meaning: "The endpoint of DynamoDB Streams.",
    },
    Setting { name: "CONFIG_PATH", aliases: &[], default: "none", meaning: "A file with subscriptions; read again on SIGHUP." },
    Setting {
        name: "STATE_PATH",
        aliases: &[],
        default: "relay.db",
        meaning: "The SQLite file with checkpoints and with subscriptions that came by HTTP; one process at a time.",
    },
    Setting { name: "PORT", aliases: &[], default: "3000", meaning: "The port of the control server; 0 takes any free one." },
    Setting { name: "BIND_ADDRESS", aliases: &[], default: "127.0.0.1", meaning: "The address that it listens on." },
    KEY_SETTINGS[0],
    KEY_SETTINGS[1],
    KEY_SETTINGS[2],
    Setting {
        name: "ALLOW_PRIVATE",
        aliases: &[],
        default: "false",
        meaning: "`true` lets subscriptions that come by HTTP lead to private, loopback and link-local addresses.",
    },
    Setting {
        name: "POLL_MS",
        aliases: &[],
        default: "200",
        meaning: "The pause before a shard that had nothing new is asked again, in milliseconds.",
    },
    Setting {
        name: "DISCOVERY_MS",
        aliases: &[],
        default: "10000",
        meaning: "How often shards and lost streams are looked for, in milliseconds.",
    },
];
