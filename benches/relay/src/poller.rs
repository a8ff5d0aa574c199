//! What one writes first: every three seconds a page of the stream's one shard, POSTed a hundred records at a time. No checkpoints, no retries.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

const INTERVAL: Duration = Duration::from_secs(3);
const POST: usize = 100;
/// Calls that are timed, and the pause between them.
const TIMED: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
pub struct Poller {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub streams: aws_sdk_dynamodbstreams::Client,
}

impl Poller {
    /// Polls until it is dropped, or until something fails.
    pub async fn run(self, table: String, url: String) -> io::Result<()> {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        let mut iterator = self.iterator(&table, ShardIteratorType::TrimHorizon).await?;
        loop {
            let page = self.streams.get_records().shard_iterator(iterator).send().await.map_err(io::Error::other)?;
            for records in page.records().chunks(POST) {
                post(&mut connection, address, records).await?;
            }
            iterator = page.next_shard_iterator.ok_or_else(|| io::Error::other("the shard has ended"))?;
            sleep(INTERVAL).await;
        }
    }

    /// Milliseconds of each of many calls of GetRecords.
    pub async fn round_trips(self, table: String) -> io::Result<Vec<f64>> {
        let mut iterator = self.iterator(&table, ShardIteratorType::Latest).await?;
        let mut millis = Vec::new();
        for _ in 0..TIMED {
            let begun = Instant::now();
            let page = self.streams.get_records().shard_iterator(iterator).send().await.map_err(io::Error::other)?;
            millis.push(begun.elapsed().as_secs_f64() * 1000.0);
            iterator = page.next_shard_iterator.ok_or_else(|| io::Error::other("the shard has ended"))?;
            sleep(PAUSE).await;
        }
        Ok(millis)
    }

    async fn iterator(&self, table: &str, from: ShardIteratorType) -> io::Result<String> {
        let none = || io::Error::other("the table has no stream with a shard");
        let described = self.dynamodb.describe_table().table_name(table).send().await.map_err(io::Error::other)?;
        let arn = described.table.and_then(|table| table.latest_stream_arn).ok_or_else(none)?;
        let stream = self.streams.describe_stream().stream_arn(&arn).send().await.map_err(io::Error::other)?;
        let shard = stream.stream_description.and_then(|stream| stream.shards?.pop()?.shard_id).ok_or_else(none)?;
        let call = self.streams.get_shard_iterator().stream_arn(arn).shard_id(shard).shard_iterator_type(from);
        call.send().await.map_err(io::Error::other)?.shard_iterator.ok_or_else(none)
    }
}

/// One POST and its answer, which has no body.
async fn post(connection: &mut TcpStream, address: &str, records: &[Record]) -> io::Result<()> {
    let mut body = String::from(r#"{"Records":["#);
    for (index, record) in records.iter().enumerate() {
        let image = record.dynamodb.as_ref().and_then(|change| change.new_image.as_ref());
        let n = image.and_then(|image| image.get("n")?.as_n().ok()).map_or("", String::as_str);
        let comma = if index == 0 { "" } else { "," };
        write!(body, r#"{comma}{{"dynamodb":{{"NewImage":{{"n":{{"N":"{n}"}}}}}}}}"#).unwrap_or_default();
    }
    body.push_str("]}");
    let length = body.len();
    let head = format!("POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    connection.write_all((head + &body).as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if connection.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
