//! One queue: its calls as the commands here use them. In: the queue's name or URL. Out: messages, counts, results entry by entry.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
};

use super::message::Message;
use crate::exit::BadInput;
use crate::resources::{QUEUE, failed, find_queue};
use crate::target::Target;

/// Messages a call, the most that SQS allows.
pub const AT_ONCE: usize = 10;
/// The cloud's queues answer for all their servers only if asked to wait.
const WAIT_IN_CLOUD: i32 = 1;
/// The cloud's counts follow what happens after some time only.
const COUNTED_IN_CLOUD: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    pub url: String,
    wait_seconds: i32,
    /// How often a count is asked for before it is believed.
    counted: u32,
}

/// What the queue says it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub visible: u64,
    /// Received by somebody and not visible yet, or delayed by their sender.
    pub hidden: u64,
}

impl Queue {
    /// Finds a queue of the target by its name; a URL is taken as it stands.
    pub async fn open(target: &Target, name: &str) -> anyhow::Result<Queue> {
        let clients = target.clients(None);
        let url = if name.contains("://") { Some(name.to_owned()) } else { find_queue(&clients, name).await? };
        let url = url.ok_or_else(|| {
            BadInput::error(format!("there is no queue {name}; `tablefeed invoke` creates {QUEUE}, --queue names another"))
        })?;
        let (wait_seconds, counted) = if target.is_cloud() { (WAIT_IN_CLOUD, COUNTED_IN_CLOUD) } else { (0, 1) };
        Ok(Queue { client: (*clients.sqs).clone(), url, wait_seconds, counted })
    }

    /// Some messages, hidden from other readers for `seconds`.
    pub async fn receive(&self, seconds: i32) -> anyhow::Result<Vec<Message>> {
        let most = i32::try_from(AT_ONCE).unwrap_or(1);
        let call = self.client.receive_message().queue_url(&self.url).max_number_of_messages(most).visibility_timeout(seconds);
        let call = call.wait_time_seconds(self.wait_seconds).message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let received = call.send().await.map_err(|error| failed(format!("letters cannot be read from {}", self.url), &error))?;
        Ok(received.messages.unwrap_or_default().into_iter().map(Message::from).collect())
    }

    pub async fn counts(&self) -> anyhow::Result<Counts> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let call = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.to_vec()));
        let counted = call.send().await.map_err(|error| failed(format!("the messages of {} cannot be counted", self.url), &error))?;
        let count = |name| counted.attributes.as_ref().and_then(|all| all.get(name)?.parse().ok()).unwrap_or(0);
        let [visible, received, delayed] = names.each_ref().map(count);
        Ok(Counts { visible, hidden: received + delayed })
    }

    /// Counts that must be what `expected` says, unless the queue insists on others.
    pub async fn settled_counts(&self, expected: impl Fn(&Counts) -> bool) -> anyhow::Result<Counts> {
        let mut counts = self.counts().await?;
        for _ in 1..self.counted {
            if expected(&counts) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            counts = self.counts().await?;
        }
        Ok(counts)
    }

    /// Deletes up to [`AT_ONCE`] messages by their receipts, and says of each whether it was.
    pub async fn delete(&self, receipts: &[&str]) -> anyhow::Result<Vec<bool>> {
        let entry = |(index, receipt): (usize, &&str)| {
            DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(*receipt).build()
        };
        let entries = receipts.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let call = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let results = call.send().await.map_err(|error| failed(format!("letters cannot be deleted from {}", self.url), &error))?;
        let mut deleted = vec![false; receipts.len()];
        for entry in results.successful() {
            if let Some(deleted) = entry.id().parse::<usize>().ok().and_then(|index| deleted.get_mut(index)) {
                *deleted = true;
            }
        }
        Ok(deleted)
    }

    /// Hides up to [`AT_ONCE`] messages for `seconds` from now on; 0 shows them again. Those that came into sight already stay as they are.
    pub async fn hide(&self, receipts: &[&str], seconds: i32) -> anyhow::Result<()> {
        let entry = |(index, receipt): (usize, &&str)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string()).receipt_handle(*receipt);
            entry.visibility_timeout(seconds).build()
        };
        let entries = receipts.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let call = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        call.send().await.map_err(|error| failed(format!("letters of {} stay hidden for a while", self.url), &error))?;
        Ok(())
    }
}
