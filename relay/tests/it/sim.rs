//! A stream service in memory, with the faults of a real one, for the SDK's own clients: DescribeTable, ListStreams,
//! DescribeStream, GetShardIterator, GetRecords. Tables are apart from each other, so one server does for many histories.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::http::serve;

/// One change that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub shard: String,
    pub sequence: u64,
    pub key: usize,
    pub trimmed: bool,
    created: u64,
}

#[derive(Debug, Clone)]
struct Shard {
    id: String,
    parent: Option<String>,
    closed: bool,
    /// Listings that still lack it.
    hidden: u32,
    gone: bool,
    records: Vec<Made>,
    trimmed: usize,
}

/// A table and its streams.
#[derive(Debug)]
pub struct Table {
    name: String,
    rng: Rng,
    /// By ARN; the last is the current one.
    streams: Vec<(String, Vec<Shard>)>,
    /// By key, the index of its shard in the current stream.
    homes: Vec<usize>,
    next: u64,
    shards: usize,
    page: usize,
    pub faults: f64,
}

/// The service.
#[derive(Clone)]
pub struct Sim {
    pub url: String,
    tables: Arc<Mutex<BTreeMap<String, Table>>>,
}

type Refusal = (u16, &'static str);
type Answer = Result<Value, Refusal>;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

impl Sim {
    pub async fn start() -> Sim {
        let tables: Arc<Mutex<BTreeMap<String, Table>>> = Arc::default();
        let here = Arc::clone(&tables);
        let url = serve(move |_, headers, body| {
            let target = headers.get("x-amz-target").unwrap().to_str().unwrap().to_owned();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let operation = target.rsplit('.').next().unwrap();
            let answer = answer(&mut here.lock().unwrap(), operation, &body);
            async move {
                match answer {
                    Ok(value) => (200, value.to_string()),
                    Err((status, kind)) => {
                        (status, json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": kind}).to_string())
                    }
                }
            }
        })
        .await;
        Sim { url, tables }
    }

    pub fn create(&self, name: &str, seed: u64, keys: usize, roots: usize) {
        let mut rng = Rng::with_seed(seed);
        let page = if roots > 100 { 100 } else { rng.usize(1..5) };
        let (next, faults) = (rng.u64(80..99), 0.0);
        let mut table = Table { name: name.to_owned(), rng, streams: vec![], homes: vec![0; keys], next, shards: 0, page, faults };
        table.enable(roots);
        self.tables.lock().unwrap().insert(name.to_owned(), table);
    }

    pub fn with<T>(&self, name: &str, act: impl FnOnce(&mut Table) -> T) -> T {
        act(self.tables.lock().unwrap().get_mut(name).unwrap())
    }
}

impl Table {
    /// A new stream; the one before it is disabled.
    pub fn enable(&mut self, roots: usize) {
        for shard in self.streams.last_mut().map(|(_, shards)| shards).into_iter().flatten() {
            shard.closed = true;
        }
        let arn = format!("arn:aws:dynamodb:us-east-1:0:table/{}/stream/{:04}", self.name, self.streams.len());
        self.streams.push((arn, vec![]));
        for _ in 0..roots {
            self.add(None);
        }
        for home in &mut self.homes {
            *home = self.rng.usize(..roots);
        }
    }

    fn add(&mut self, parent: Option<String>) -> usize {
        self.shards += 1;
        // Names are in no order.
        let id = format!("shardId-{:08x}-{:06}", self.rng.u32(..), self.shards);
        let hidden = if self.rng.f64() < 0.3 { self.rng.u32(1..4) } else { 0 };
        let shards = &mut self.streams.last_mut().unwrap().1;
        shards.push(Shard { id, parent, closed: false, hidden, gone: false, records: vec![], trimmed: 0 });
        shards.len() - 1
    }

    pub fn put(&mut self, key: usize) -> u64 {
        let sequence = self.next;
        self.next += self.rng.u64(1..4);
        let shard = &mut self.streams.last_mut().unwrap().1[self.homes[key]];
        shard.records.push(Made { shard: shard.id.clone(), sequence, key, trimmed: false, created: now() });
        sequence
    }

    /// An open shard ends, and has one child or two.
    pub fn split(&mut self) {
        let key = self.rng.usize(..self.homes.len());
        let home = self.homes[key];
        let parent = {
            let shard = &mut self.streams.last_mut().unwrap().1[home];
            shard.closed = true;
            shard.id.clone()
        };
        let children = [self.add(Some(parent.clone())), if self.rng.bool() { self.add(Some(parent)) } else { usize::MAX }];
        for key in 0..self.homes.len() {
            if self.homes[key] == home {
                self.homes[key] = if children[1] != usize::MAX && self.rng.bool() { children[1] } else { children[0] };
            }
        }
    }

    /// The oldest records of a shard are no more; nor is the shard, if it is closed and nothing is left.
    pub fn trim(&mut self) {
        let (rng, stream) = (&mut self.rng, &mut self.streams[0].1);
        let index = rng.usize(..stream.len());
        let shard = &mut stream[index];
        let keep = rng.usize(..=shard.records.len() - shard.trimmed);
        shard.trimmed = shard.records.len() - keep;
        for record in &mut shard.records[..shard.trimmed] {
            record.trimmed = true;
        }
        shard.gone = shard.closed && keep == 0;
    }

    /// All changes, in the order in which they were made.
    pub fn made(&self) -> Vec<Made> {
        let mut made: Vec<Made> = self.streams.iter().flat_map(|(_, shards)| shards).flat_map(|shard| shard.records.clone()).collect();
        made.sort_by_key(|made| made.sequence);
        made
    }

    fn fault(&mut self, kind: &'static str, share: f64) -> Result<(), Refusal> {
        let fires = self.rng.f64() < self.faults * share;
        if fires { Err((if kind == "InternalServerError" { 500 } else { 400 }, kind)) } else { Ok(()) }
    }

    fn shard(&mut self, arn: &str, id: &str) -> Result<&mut Shard, Refusal> {
        let missing = (400, "ResourceNotFoundException");
        let stream = self.streams.iter_mut().find(|(known, _)| known == arn).ok_or(missing)?;
        stream.1.iter_mut().find(|shard| shard.id == id && !shard.gone).ok_or(missing)
    }

    fn describe(&mut self, body: &Value) -> Answer {
        let arn = body["StreamArn"].as_str().unwrap();
        let last = self.streams.last().unwrap().0.clone();
        let stream = self.streams.iter_mut().find(|(known, _)| known == arn).ok_or((400, "ResourceNotFoundException"))?;
        let from = body["ExclusiveStartShardId"].as_str();
        if from.is_none() {
            for shard in &mut stream.1 {
                shard.hidden = shard.hidden.saturating_sub(1);
            }
        }
        let start = from.map_or(0, |from| stream.1.iter().position(|shard| shard.id == from).unwrap() + 1);
        let page = &stream.1[start..(start + self.page).min(stream.1.len())];
        let more = start + self.page < stream.1.len();
        let shards: Vec<Value> = page.iter().filter(|shard| shard.hidden == 0 && !shard.gone).map(listed).collect();
        let mut description = json!({
            "StreamArn": arn, "StreamStatus": if arn == last { "ENABLED" } else { "DISABLED" }, "Shards": shards,
        });
        if more {
            description["LastEvaluatedShardId"] = json!(page.last().unwrap().id);
        }
        Ok(json!({ "StreamDescription": description }))
    }

    fn iterator(&mut self, body: &Value) -> Answer {
        let (arn, id) = (body["StreamArn"].as_str().unwrap(), body["ShardId"].as_str().unwrap());
        let shard = self.shard(arn, id)?;
        let at = match body["ShardIteratorType"].as_str().unwrap() {
            "TRIM_HORIZON" => shard.trimmed,
            "LATEST" => shard.records.len(),
            _ => {
                let after: u64 = body["SequenceNumber"].as_str().unwrap().parse().unwrap();
                let at = shard.records.iter().filter(|record| record.sequence <= after).count();
                if at < shard.trimmed {
                    return Err((400, "TrimmedDataAccessException"));
                }
                at
            }
        };
        Ok(json!({ "ShardIterator": format!("{}|{arn}|{id}|{at}", self.name) }))
    }

    fn read(&mut self, iterator: &str) -> Answer {
        self.fault("ExpiredIteratorException", 0.5)?;
        let parts: Vec<&str> = iterator.split('|').collect();
        let at: usize = parts[3].parse().unwrap();
        let (limit, empty) = (self.rng.usize(1..6), self.rng.f64() < 0.2);
        let (name, table_page) = (self.name.clone(), if empty { 0 } else { limit });
        let shard = self.shard(parts[1], parts[2])?;
        if at < shard.trimmed {
            return Err((400, "TrimmedDataAccessException"));
        }
        let end = (at + table_page).min(shard.records.len());
        let records: Vec<Value> = shard.records[at..end].iter().map(record).collect();
        let mut answer = json!({ "Records": records });
        if !(shard.closed && end == shard.records.len()) {
            answer["NextShardIterator"] = json!(format!("{name}|{}|{}|{end}", parts[1], parts[2]));
        }
        Ok(answer)
    }
}

fn listed(shard: &Shard) -> Value {
    let mut listed = json!({ "ShardId": shard.id, "SequenceNumberRange": { "StartingSequenceNumber": "1" } });
    if let Some(parent) = &shard.parent {
        listed["ParentShardId"] = json!(parent);
    }
    if shard.closed {
        listed["SequenceNumberRange"]["EndingSequenceNumber"] = json!("9999");
    }
    listed
}

fn record(made: &Made) -> Value {
    json!({
        "eventID": made.sequence.to_string(), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "x",
        "dynamodb": {
            "Keys": { "key": { "N": made.key.to_string() } }, "SequenceNumber": made.sequence.to_string(),
            "ApproximateCreationDateTime": made.created, "SizeBytes": 1, "StreamViewType": "KEYS_ONLY",
        },
    })
}

fn answer(tables: &mut BTreeMap<String, Table>, operation: &str, body: &Value) -> Answer {
    let name = match (&body["TableName"], &body["StreamArn"], &body["ShardIterator"]) {
        (Value::String(name), _, _) => name.clone(),
        (_, Value::String(arn), _) => arn.split('/').nth(1).unwrap().to_owned(),
        (_, _, Value::String(iterator)) => iterator.split('|').next().unwrap().to_owned(),
        _ => return Err((400, "ValidationException")),
    };
    let table = tables.get_mut(&name).ok_or((400, "ResourceNotFoundException"))?;
    table.fault("InternalServerError", 0.3)?;
    table.fault("LimitExceededException", 0.4)?;
    table.fault("ProvisionedThroughputExceededException", 0.3)?;
    match operation {
        "DescribeTable" => {
            let arn = &table.streams.last().unwrap().0;
            let stream = json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" });
            Ok(json!({ "Table": { "TableName": name, "LatestStreamArn": arn, "StreamSpecification": stream } }))
        }
        "ListStreams" => {
            let streams: Vec<Value> = table.streams.iter().map(|(arn, _)| json!({ "StreamArn": arn })).collect();
            Ok(json!({ "Streams": streams }))
        }
        "DescribeStream" => table.describe(body),
        "GetShardIterator" => table.iterator(body),
        "GetRecords" => table.read(body["ShardIterator"].as_str().unwrap()),
        _ => Err((400, "UnknownOperationException")),
    }
}
