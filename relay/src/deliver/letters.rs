//! Letters: a record that its URL refused, why, and where it came from; a line of a file, or a message of a queue.
//!
//! A letter counts once it is synced, or accepted by the queue. One that is too large for a message goes without its images; its keys, and its
//! place in the stream, it keeps.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;
use serde::Serialize;
use serde_json::value::RawValue;
use tablefeed::write::letter::MAX_MESSAGE_BYTES;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::change::Change;
use crate::subscription::{Declaration, Images, Letters};

/// The name of the attribute that a message's receiver can tell duplicates by.
const ID_ATTRIBUTE: &str = "id";
/// A queue may take less than SQS does, and the message is sent again without images then.
const TOO_LARGE: [&str; 2] = ["InvalidParameterValue", "MessageTooLong"];

/// What a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub subscription: &'a str,
    pub declaration: &'a Declaration,
    pub shard: &'a str,
    pub change: &'a Change,
    /// What the last try came to.
    pub error: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    subscription: &'a str,
    table_name: &'a str,
    url: &'a str,
    shard: &'a str,
    sequence: &'a str,
    error: &'a str,
    /// The record lacks its images, which were too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    images_omitted: Option<bool>,
    record: &'a RawValue,
}

impl Letter<'_> {
    /// The same however often the record becomes a letter of this subscription.
    pub fn id(&self) -> Uuid {
        let name = [self.subscription, self.shard, self.change.sequence.as_str(), "letter"].join("\n");
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
    }

    /// One line of JSON, without its end.
    fn text(&self, whole: bool) -> Result<String, String> {
        let record = self.change.text(if whole { self.declaration.images } else { Images::KeysOnly });
        let record = RawValue::from_string(record).map_err(|error| error.to_string())?;
        let body = Body {
            id: self.id().to_string(),
            subscription: self.subscription,
            table_name: &self.declaration.table_name,
            url: &self.declaration.url,
            shard: self.shard,
            sequence: self.change.sequence.as_str(),
            error: self.error,
            images_omitted: (!whole).then_some(true),
            record: &record,
        };
        serde_json::to_string(&body).map_err(|error| error.to_string())
    }
}

/// Where letters are posted.
#[derive(Debug)]
pub struct LetterBox {
    sqs: aws_sdk_sqs::Client,
    /// One letter at a time is appended.
    file: Arc<Mutex<()>>,
}

/// Why a queue did not take a message.
enum Refused {
    TooLarge,
    Otherwise(String),
}

impl LetterBox {
    pub fn new(sqs: aws_sdk_sqs::Client) -> LetterBox {
        LetterBox { sqs, file: Arc::default() }
    }

    /// Posts a letter once; an error says why it is not accepted.
    pub async fn post(&self, to: &Letters, letter: &Letter<'_>) -> Result<(), String> {
        match to {
            Letters::File(path) => self.to_file(path.clone(), letter.text(true)? + "\n").await,
            Letters::Queue(url) => self.to_queue(url, letter).await,
        }
    }

    async fn to_file(&self, path: PathBuf, line: String) -> Result<(), String> {
        let turn = self.file.clone().lock_owned().await;
        let appending = tokio::task::spawn_blocking(move || {
            let appended = append(&path, line.as_bytes()).map_err(|error| format!("{}: {error}", path.display()));
            drop(turn);
            appended
        });
        appending.await.map_err(|error| error.to_string())?
    }

    async fn to_queue(&self, url: &str, letter: &Letter<'_>) -> Result<(), String> {
        let id = letter.id().to_string();
        match self.send(url, &id, letter.text(true)?).await {
            Ok(()) => Ok(()),
            Err(Refused::Otherwise(why)) => Err(why),
            Err(Refused::TooLarge) => self.send(url, &id, letter.text(false)?).await.map_err(|refused| match refused {
                Refused::TooLarge => "the queue takes no message of this size, even without images".to_owned(),
                Refused::Otherwise(why) => why,
            }),
        }
    }

    async fn send(&self, url: &str, id: &str, text: String) -> Result<(), Refused> {
        let text = allowed(text);
        if text.len() + ID_ATTRIBUTE.len() + "String".len() + id.len() > MAX_MESSAGE_BYTES {
            return Err(Refused::TooLarge);
        }
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(id).build();
        let attribute = attribute.map_err(|error| Refused::Otherwise(error.to_string()))?;
        let call = self.sqs.send_message().queue_url(url).message_body(text).message_attributes(ID_ATTRIBUTE, attribute);
        call.send().await.map(drop).map_err(|error| match &error {
            SdkError::ServiceError(service)
                if service.err().code().is_some_and(|code| TOO_LARGE.iter().any(|known| code.contains(known))) =>
            {
                Refused::TooLarge
            }
            _ => Refused::Otherwise(DisplayErrorContext(&error).to_string()),
        })
    }
}

/// Escapes the two characters that JSON may hold as they are and SQS refuses ("SendMessage" in its API reference).
fn allowed(text: String) -> String {
    if text.contains(['\u{fffe}', '\u{ffff}']) { text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff") } else { text }
}

/// Appends and syncs; a line that breaks off is ended before the next.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    if is_broken_off(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(line)?;
    file.sync_all()
}

fn is_broken_off(file: &mut File) -> io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
