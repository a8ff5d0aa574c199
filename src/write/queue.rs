//! Sends letters to the dead-letter queue: letters in, which of them were accepted out.
//!
//! A 200 answer of SQS can refuse single entries, so every entry's result is read. A letter that is refused for its size is sent
//! once more without its data; a letter that is refused for another reason is not accepted, and its record is not done.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use tokio::time::Instant;

use super::drive::{Job, Settled, drive};
use super::fault::Fault;
use super::letter::{Letter, MAX_MESSAGE_BYTES};

/// `SendMessageBatch` takes at most ten messages (API reference of SQS).
const MAX_ENTRIES: usize = 10;

/// Batches in flight at once.
const CONCURRENCY: usize = 8;

/// A queue, and how it is written to.
#[derive(Debug)]
pub struct LetterQueue<'a> {
    pub client: &'a Client,
    pub url: &'a str,
}

/// The account of one [`LetterQueue::send`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// By position in the letters.
    pub accepted: Vec<bool>,
    /// Why a letter was not accepted; the first such error.
    pub refusal: Option<String>,
    /// `SendMessageBatch` calls that were begun.
    pub calls: u32,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Accepted,
    /// Larger than the queue takes.
    TooLarge,
    /// The call was too large; the entry alone may not be.
    Alone,
    Throttled(String),
    Transient(String),
    Refused(String),
}

impl LetterQueue<'_> {
    /// Sends until each letter is accepted or refused, or `until` has come. `without_data` makes a letter again without its
    /// data; none if it must not be sent without them.
    pub async fn send(&self, letters: Vec<Letter>, without_data: impl Fn(usize) -> Option<Letter>, until: Instant) -> Sent {
        let batches = batches(&letters);
        let sent = Sent { accepted: vec![false; letters.len()], ..Sent::default() };
        let mut account = Account { letters, sent };
        let send = |account: &mut Account, batch: &Vec<usize>| {
            account.sent.calls += 1;
            self.call(batch.clone(), batch.iter().map(|&position| entry(position, &account.letters[position])).collect())
        };
        let settle = |account: &mut Account, batch, results| account.settle(batch, results, &without_data);
        drive(&mut account, batches, CONCURRENCY, until, send, settle).await;
        account.finish()
    }

    async fn call(&self, batch: Vec<usize>, entries: Vec<Result<SendMessageBatchRequestEntry, String>>) -> Vec<Entry> {
        let entries = match entries.into_iter().collect::<Result<Vec<_>, String>>() {
            Ok(entries) => entries,
            Err(error) => return vec![Entry::Refused(error); batch.len()],
        };
        match self.client.send_message_batch().queue_url(self.url).set_entries(Some(entries)).send().await {
            Ok(output) => batch.iter().map(|position| of_entry(&output, &position.to_string())).collect(),
            Err(error) => vec![of_call(&Fault::of(&error), error.code(), batch.len()); batch.len()],
        }
    }
}

/// The letters, and what became of them so far.
struct Account {
    letters: Vec<Letter>,
    sent: Sent,
}

impl Account {
    fn settle(
        &mut self,
        batch: Job<Vec<usize>>,
        results: Vec<Entry>,
        without_data: impl Fn(usize) -> Option<Letter>,
    ) -> Settled<Vec<usize>> {
        let mut again = Vec::new();
        let mut later = Vec::new();
        let mut throttled = false;
        for (position, result) in batch.work.into_iter().zip(results) {
            match result {
                Entry::Accepted => self.sent.accepted[position] = true,
                Entry::Alone => again.push(Job::new(vec![position])),
                Entry::TooLarge if self.letters[position].has_data => match without_data(position) {
                    Some(letter) => {
                        self.letters[position] = letter;
                        again.push(Job::new(vec![position]));
                    }
                    None => self.refused("a letter is too large for the queue, and is not sent without its data".to_owned()),
                },
                Entry::TooLarge => self.refused("a letter without data is still too large for the queue".to_owned()),
                Entry::Refused(error) => self.refused(error),
                Entry::Throttled(error) | Entry::Transient(error) => {
                    throttled = true;
                    self.refused(error);
                    later.push(position);
                }
            }
        }
        if !later.is_empty() {
            again.push(Job { work: later, attempt: batch.attempt + 1 });
        }
        Settled { throttled, ..Settled::again(again) }
    }

    fn refused(&mut self, error: String) {
        self.sent.refusal.get_or_insert(error);
    }

    fn finish(self) -> Sent {
        let complete = self.sent.accepted.iter().all(|accepted| *accepted);
        let refusal = if complete { None } else { Some(self.sent.refusal.unwrap_or_else(|| "no time was left".to_owned())) };
        Sent { refusal, ..self.sent }
    }
}

/// Groups consecutive letters within the limits of `SendMessageBatch`, by count and by bytes.
fn batches(letters: &[Letter]) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut filled = MAX_MESSAGE_BYTES;
    for (position, letter) in letters.iter().enumerate() {
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && filled + letter.bytes() <= MAX_MESSAGE_BYTES => {
                batch.push(position);
                filled += letter.bytes();
            }
            _ => {
                batches.push(vec![position]);
                filled = letter.bytes();
            }
        }
    }
    batches
}

fn entry(position: usize, letter: &Letter) -> Result<SendMessageBatchRequestEntry, String> {
    let mut entry = SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(&letter.body);
    for (name, value) in letter.attributes() {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build().map_err(|error| error.to_string())?;
        entry = entry.message_attributes(name, value);
    }
    entry.build().map_err(|error| error.to_string())
}

/// The result of one entry of a 200 answer. An entry that the answer does not name is not accepted.
fn of_entry(output: &SendMessageBatchOutput, id: &str) -> Entry {
    if output.successful().iter().any(|entry| entry.id() == id) {
        return Entry::Accepted;
    }
    let Some(failed) = output.failed().iter().find(|entry| entry.id() == id) else {
        return Entry::Transient("the queue's answer does not name the letter".to_owned());
    };
    let message = failed.message().unwrap_or_default();
    let error = format!("{}: {message}", failed.code());
    if is_size(failed.code(), message) {
        Entry::TooLarge
    } else if failed.sender_fault() {
        Entry::Refused(error)
    } else {
        Entry::Transient(error)
    }
}

/// The result of each entry of a call that failed.
fn of_call(fault: &Fault, code: Option<&str>, entries: usize) -> Entry {
    let error = fault.to_string();
    match fault {
        Fault::Throttled(_) => Entry::Throttled(error),
        Fault::Transient(_) => Entry::Transient(error),
        Fault::Refused { .. } | Fault::Systemic(_) if is_size(code.unwrap_or_default(), &error) => {
            if entries > 1 {
                Entry::Alone
            } else {
                Entry::TooLarge
            }
        }
        Fault::Refused { .. } | Fault::Systemic(_) => Entry::Refused(error),
    }
}

/// Whether an error of SQS is about size: the batch's, or the message's against the queue's own maximum.
fn is_size(code: &str, message: &str) -> bool {
    code.ends_with("BatchRequestTooLong") || message.contains("must be shorter than")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};

    fn letter(bytes: usize) -> Letter {
        let body = "x".repeat(bytes);
        Letter { id: uuid::Uuid::nil(), reason: Reason::BadJson, source: "s".to_owned(), body, has_data: true }
    }

    #[test]
    fn batches_hold_ten_letters_and_one_mebibyte() {
        let sizes = |letters: Vec<Letter>| batches(&letters).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![letter(100); 23]), [10, 10, 3]);
        assert_eq!(sizes(vec![letter(400_000); 5]), [2, 2, 1]);
        assert_eq!(sizes(vec![letter(1_048_000), letter(1_048_000)]), [1, 1]);
    }

    #[test]
    fn every_entry_of_an_answer_is_read() {
        let failed = |id: &str, code: &str, fault: bool, message: &str| {
            BatchResultErrorEntry::builder().id(id).code(code).sender_fault(fault).message(message).build().unwrap()
        };
        let accepted = SendMessageBatchResultEntry::builder().id("0").message_id("m").md5_of_message_body("x").build().unwrap();
        let output = SendMessageBatchOutput::builder()
            .successful(accepted)
            .failed(failed("1", "InternalError", false, ""))
            .failed(failed("2", "InvalidMessageContents", true, ""))
            .failed(failed("3", "InvalidParameterValue", true, "Reason: Message must be shorter than 1024 bytes."))
            .build()
            .unwrap();
        assert_eq!(of_entry(&output, "0"), Entry::Accepted);
        assert!(matches!(of_entry(&output, "1"), Entry::Transient(_)));
        assert!(matches!(of_entry(&output, "2"), Entry::Refused(_)));
        assert_eq!(of_entry(&output, "3"), Entry::TooLarge);
        assert!(matches!(of_entry(&output, "4"), Entry::Transient(_)));
    }
}
