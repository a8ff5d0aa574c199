//! Some records of a stream, by what they hold. Read like any other reader does, from the oldest on.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::ShardIteratorType;
use tokio::time::sleep;

use super::unseen;
use crate::doctor::deployment::{Sample, Seen, Unseen};

const SHARDS: i32 = 4;
const RECORDS: i32 = 100;
/// Empty pages of one shard that are passed over.
const PAGES: u32 = 5;
/// A shard answers five calls a second.
const PAUSE: Duration = Duration::from_millis(200);

pub async fn sample(client: &Client, arn: &str) -> Seen<Sample> {
    let shards = client.list_shards().stream_arn(arn).max_results(SHARDS).send().await;
    let shards = shards.map_err(|error| unseen(&format!("the shards of {arn} cannot be listed"), &error))?;
    let mut sample = Sample::default();
    for shard in shards.shards().iter().take(usize::try_from(SHARDS).unwrap_or(1)) {
        look_at(client, arn, shard.shard_id(), &mut sample).await?;
    }
    if sample.records == 0 {
        return Err(Unseen::Failed(format!("the stream {arn} gave no record to look at")));
    }
    Ok(sample)
}

async fn look_at(client: &Client, arn: &str, shard: &str, sample: &mut Sample) -> Seen<()> {
    let what = format!("records of {arn} cannot be read");
    let call = client.get_shard_iterator().stream_arn(arn).shard_id(shard).shard_iterator_type(ShardIteratorType::TrimHorizon);
    let mut iterator = call.send().await.map_err(|error| unseen(&what, &error))?.shard_iterator;
    for _ in 0..PAGES {
        let Some(at) = iterator else { break };
        let page = client.get_records().stream_arn(arn).shard_iterator(at).limit(RECORDS).send().await;
        let page = page.map_err(|error| unseen(&what, &error))?;
        page.records.iter().for_each(|record| sample.add(record.data.as_ref()));
        if !page.records.is_empty() || page.millis_behind_latest == Some(0) {
            break;
        }
        iterator = page.next_shard_iterator;
        sleep(PAUSE).await;
    }
    Ok(())
}

impl Sample {
    /// Counts one record's bytes.
    fn add(&mut self, data: &[u8]) {
        const AGGREGATE: &[u8] = &[0xf3, 0x89, 0x9a, 0xc2];
        const GZIP: &[u8] = &[0x1f, 0x8b];
        const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
        self.records += 1;
        if data.starts_with(AGGREGATE) {
            self.aggregated += 1;
        } else if data.starts_with(GZIP) || data.starts_with(ZSTD) {
            self.compressed += 1;
        } else if !std::str::from_utf8(data).is_ok_and(|text| tablefeed::json::parse(text).is_ok()) {
            self.other += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_apart_by_their_first_bytes() {
        let mut sample = Sample::default();
        for data in [&b"{\"a\":1}"[..], &[0x1f, 0x8b, 8], &[0xf3, 0x89, 0x9a, 0xc2, 1], b"text", &[0x28, 0xb5, 0x2f, 0xfd], b"[]"] {
            sample.add(data);
        }
        assert_eq!(sample, Sample { records: 6, compressed: 2, aggregated: 1, other: 1 });
    }
}
