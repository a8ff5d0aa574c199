//! A table's endpoint that answers every call at once and keeps nothing.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{self, Buffer};

const TABLE: &str = r#"{"Table":{"TableName":"readings","TableStatus":"ACTIVE","TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/readings","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}"#;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream));
    }
}

async fn connection(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = Buffer::default();
    while let Some(head) = buffer.message(&mut stream).await? {
        let operation = wire::header(&head, "x-amz-target").and_then(|target| target.split_once('.')).map_or("", |(_, name)| name);
        let body = match operation {
            "DescribeTable" => TABLE,
            "BatchWriteItem" => r#"{"UnprocessedItems":{}}"#,
            _ => "{}",
        };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
