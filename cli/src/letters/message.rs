//! A message as it was received: what is needed of it, in plain types.

use aws_sdk_sqs::types::{Message as Received, MessageSystemAttributeName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same at every receipt.
    pub id: String,
    /// Of this receipt.
    pub receipt: String,
    pub body: String,
    /// When it was sent, in milliseconds since 1970; 0 if the server did not say.
    pub sent: u64,
}

impl From<Received> for Message {
    fn from(received: Received) -> Message {
        let sent = received.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp)?.parse().ok());
        Message {
            id: received.message_id.unwrap_or_default(),
            receipt: received.receipt_handle.unwrap_or_default(),
            body: received.body.unwrap_or_default(),
            sent: sent.unwrap_or(0),
        }
    }
}
