//! Typed tables over the wire, and the examples, as they stand, on the embedded AWS.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "../../../examples/domain.rs"]
mod domain_example;
#[path = "../../../examples/log.rs"]
mod log_example;

mod domain;
mod log;
mod typed;

use aws_sdk_dynamodb::Client;
use tablefeed_local::{Config, Embedded, Storage};

/// A server, and a client of it.
async fn embedded() -> (Embedded, Client) {
    let aws = Embedded::start(Config { storage: Storage::Memory, port: 0 }).await.unwrap();
    let client = Client::new(&tablefeed::aws::config_for_endpoint(aws.endpoint()));
    (aws, client)
}
