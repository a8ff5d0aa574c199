//! A laptop whose embedded AWS the test itself serves, so that it can look at the calls and be another reader of the queue.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::Message;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded, Storage};

use crate::laptop::Laptop;

pub struct Shared {
    pub laptop: Laptop,
    pub embedded: Embedded,
    pub sqs: Client,
}

impl Shared {
    pub async fn new() -> Shared {
        let laptop = Laptop::new();
        let embedded = Embedded::start(Config { storage: Storage::Dir(laptop.path().join(".tablefeed")), port: 0 }).await.unwrap();
        let sqs = Clients::new(&config_for_endpoint(embedded.endpoint()), "test", None).sqs;
        Shared { laptop, embedded, sqs: (*sqs).clone() }
    }

    pub fn queue(&self) -> String {
        self.embedded.queue_url("tablefeed-letters")
    }

    pub async fn send(&self, body: &str) {
        self.sqs.send_message().queue_url(self.queue()).message_body(body).send().await.unwrap();
    }

    /// Takes up to ten messages away from other readers for `seconds`.
    pub async fn receive(&self, seconds: i32) -> Vec<Message> {
        let call = self.sqs.receive_message().queue_url(self.queue()).max_number_of_messages(10).visibility_timeout(seconds);
        call.send().await.unwrap().messages.unwrap_or_default()
    }
}
