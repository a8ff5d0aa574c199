//! A stream service in memory, with the faults of a real one, for the SDK's own clients: DescribeTable, ListStreams,
//! DescribeStream, GetShardIterator, GetRecords. Tables are apart from each other, so one server does for many histories.
//!
//! What is described may be older than what is, by [`STALE`] at most. Trimming goes by age, as the service's does: what is older goes
//! first, though some shards are late; then shards, then streams.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::http::serve;

/// By so much a description may be old.
pub const STALE: Duration = Duration::from_millis(80);
/// Shards and streams stay for so long when nothing is added to them any more.
const STAYS: Duration = Duration::from_millis(200);

/// One change that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub stream: String,
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
    /// The lowest sequence number that it may have.
    start: u64,
    born: Instant,
    closed: Option<Instant>,
    gone: Option<Instant>,
    records: Vec<Made>,
    trimmed: usize,
}

#[derive(Debug)]
struct Stream {
    arn: String,
    shards: Vec<Shard>,
    born: Instant,
    disabled: Option<Instant>,
    removed: bool,
}

/// A table and its streams.
#[derive(Debug)]
pub struct Table {
    name: String,
    rng: Rng,
    /// The last is the current one.
    streams: Vec<Stream>,
    /// By key, the index of its shard in the current stream.
    homes: Vec<usize>,
    next: u64,
    /// What is below may be trimmed.
    horizon: u64,
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

const MISSING: Refusal = (400, "ResourceNotFoundException");
const TRIMMED: Refusal = (400, "TrimmedDataAccessException");

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
        let page = if roots > 100 { 100 } else { rng.usize(2..10) };
        let (next, horizon, shards, faults) = (rng.u64(80..99), 0, 0, 0.0);
        let mut table = Table { name: name.to_owned(), rng, streams: vec![], homes: vec![0; keys], next, horizon, shards, page, faults };
        table.enable(roots);
        self.tables.lock().unwrap().insert(name.to_owned(), table);
    }

    pub fn drop(&self, name: &str) {
        self.tables.lock().unwrap().remove(name);
    }

    pub fn with<T>(&self, name: &str, act: impl FnOnce(&mut Table) -> T) -> T {
        act(self.tables.lock().unwrap().get_mut(name).unwrap())
    }
}

impl Shard {
    fn read_out(&self) -> bool {
        self.trimmed == self.records.len()
    }

    fn stands(&self, then: Instant) -> bool {
        self.born <= then && self.gone.is_none_or(|gone| gone > then)
    }
}

impl Table {
    /// A new stream; the one before it is disabled.
    pub fn enable(&mut self, roots: usize) {
        let born = Instant::now();
        if let Some(before) = self.streams.last_mut() {
            before.disabled = Some(born);
            before.shards.iter_mut().for_each(|shard| shard.closed = shard.closed.or(Some(born)));
        }
        let arn = format!("arn:aws:dynamodb:us-east-1:0:table/{}/stream/{:04}", self.name, self.streams.len());
        self.streams.push(Stream { arn, shards: vec![], born, disabled: None, removed: false });
        for _ in 0..roots {
            self.add(None);
        }
        for home in &mut self.homes {
            *home = self.rng.usize(..roots);
        }
    }

    fn current(&mut self) -> &mut Stream {
        self.streams.last_mut().unwrap()
    }

    fn add(&mut self, parent: Option<String>) -> usize {
        self.shards += 1;
        // Names are in no order.
        let id = format!("shardId-{:08x}-{:06}", self.rng.u32(..), self.shards);
        let (start, born) = (self.next, Instant::now());
        let shards = &mut self.current().shards;
        shards.push(Shard { id, parent, start, born, closed: None, gone: None, records: vec![], trimmed: 0 });
        shards.len() - 1
    }

    pub fn put(&mut self, key: usize) -> u64 {
        let sequence = self.next;
        self.next += self.rng.u64(1..4);
        let home = self.homes[key];
        let stream = self.current();
        let (arn, shard) = (stream.arn.clone(), &mut stream.shards[home]);
        shard.records.push(Made { stream: arn, shard: shard.id.clone(), sequence, key, trimmed: false, created: now() });
        sequence
    }

    /// An open shard ends, and has one child or two.
    pub fn split(&mut self) {
        let key = self.rng.usize(..self.homes.len());
        let home = self.homes[key];
        let shard = &mut self.current().shards[home];
        shard.closed = Some(Instant::now());
        let parent = shard.id.clone();
        let children = [self.add(Some(parent.clone())), if self.rng.bool() { self.add(Some(parent)) } else { usize::MAX }];
        for key in 0..self.homes.len() {
            if self.homes[key] == home {
                self.homes[key] = if children[1] != usize::MAX && self.rng.bool() { children[1] } else { children[0] };
            }
        }
    }

    /// What is old is no more.
    pub fn trim(&mut self) {
        let horizon = self.rng.u64(self.horizon..=self.next);
        self.trim_below(horizon, 0.8);
    }

    /// What there is is no more.
    pub fn trim_all(&mut self) {
        self.trim_below(self.next, 1.0);
    }

    fn trim_below(&mut self, horizon: u64, share: f64) {
        self.horizon = horizon;
        let now = Instant::now();
        let mut first = true;
        for stream in &mut self.streams {
            for shard in &mut stream.shards {
                if self.rng.f64() < share {
                    shard.trimmed = shard.records.iter().filter(|record| record.sequence < self.horizon).count();
                    shard.records[..shard.trimmed].iter_mut().for_each(|record| record.trimmed = true);
                }
            }
            for index in 0..stream.shards.len() {
                let shard = &stream.shards[index];
                let related = |of: &Option<String>, id: &String| of.as_ref() == Some(id);
                let orphan = !stream.shards.iter().any(|other| related(&shard.parent, &other.id) && other.gone.is_none());
                let has_child = stream.shards.iter().any(|other| related(&other.parent, &shard.id));
                let old = shard.closed.is_some_and(|closed| now - closed > STAYS);
                if old && orphan && has_child && shard.read_out() && self.rng.f64() < 0.8 {
                    stream.shards[index].gone = stream.shards[index].gone.or(Some(now));
                }
            }
            let old = stream.disabled.is_some_and(|disabled| now - disabled > STAYS);
            stream.removed |= first && old && stream.shards.iter().all(Shard::read_out);
            first &= stream.removed;
        }
    }

    /// All changes, in the order in which they were made.
    pub fn made(&self) -> Vec<Made> {
        let mut made: Vec<Made> = self.streams.iter().flat_map(|stream| &stream.shards).flat_map(|shard| shard.records.clone()).collect();
        made.sort_by_key(|made| made.sequence);
        made
    }

    /// The ARN of the current stream.
    pub fn arn(&self) -> String {
        self.streams.last().unwrap().arn.clone()
    }

    /// Each shard's parent.
    pub fn parents(&self) -> BTreeMap<String, String> {
        let shards = self.streams.iter().flat_map(|stream| &stream.shards);
        shards.filter_map(|shard| shard.parent.clone().map(|parent| (shard.id.clone(), parent))).collect()
    }

    fn fault(&mut self, kind: &'static str, share: f64) -> Result<(), Refusal> {
        let fires = self.rng.f64() < self.faults * share;
        if fires { Err((if kind == "InternalServerError" { 500 } else { 400 }, kind)) } else { Ok(()) }
    }

    /// The time of which a description is.
    fn then(&mut self) -> Instant {
        let stale = self.rng.f64() < self.faults * 2.0;
        let ago = if stale { STALE.mul_f64(self.rng.f64()) } else { Duration::ZERO };
        Instant::now().checked_sub(ago).unwrap()
    }

    fn stream(&mut self, arn: &str) -> Result<&mut Stream, Refusal> {
        self.streams.iter_mut().find(|stream| stream.arn == arn && !stream.removed).ok_or(MISSING)
    }

    fn shard(&mut self, arn: &str, id: &str) -> Result<&mut Shard, Refusal> {
        self.stream(arn)?.shards.iter_mut().find(|shard| shard.id == id && shard.gone.is_none()).ok_or(MISSING)
    }

    fn describe(&mut self, body: &Value) -> Answer {
        let (then, length) = (self.then(), self.page);
        let arn = body["StreamArn"].as_str().unwrap();
        let stream = self.stream(arn)?;
        let from = body["ExclusiveStartShardId"].as_str();
        let start = from.map_or(0, |from| stream.shards.iter().position(|shard| shard.id == from).unwrap() + 1);
        let page = &stream.shards[start..(start + length).min(stream.shards.len())];
        let shards: Vec<Value> = page.iter().filter(|shard| shard.stands(then)).map(|shard| listed(shard, then)).collect();
        let disabled = stream.disabled.is_some_and(|disabled| disabled <= then);
        let mut description = json!({
            "StreamArn": arn, "StreamStatus": if disabled { "DISABLED" } else { "ENABLED" }, "Shards": shards,
        });
        if start + length < stream.shards.len() {
            description["LastEvaluatedShardId"] = json!(page.last().unwrap().id);
        }
        Ok(json!({ "StreamDescription": description }))
    }

    fn latest(&mut self) -> Value {
        let then = self.then();
        let stream = self.streams.iter().rev().find(|stream| stream.born <= then).unwrap_or(&self.streams[0]);
        let specification = json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" });
        json!({ "Table": { "TableName": self.name, "LatestStreamArn": stream.arn, "StreamSpecification": specification } })
    }

    fn iterator(&mut self, body: &Value) -> Answer {
        let (arn, id) = (body["StreamArn"].as_str().unwrap(), body["ShardId"].as_str().unwrap());
        let shard = self.shard(arn, id)?;
        let behind = |before: &dyn Fn(u64) -> bool| shard.records.iter().filter(|record| before(record.sequence)).count();
        let number = || body["SequenceNumber"].as_str().unwrap().parse::<u64>().unwrap();
        let at = match body["ShardIteratorType"].as_str().unwrap() {
            "TRIM_HORIZON" => shard.trimmed,
            "LATEST" => shard.records.len(),
            "AT_SEQUENCE_NUMBER" => behind(&|sequence| sequence < number()),
            _ => behind(&|sequence| sequence <= number()),
        };
        if at < shard.trimmed {
            return Err(TRIMMED);
        }
        Ok(json!({ "ShardIterator": format!("{}|{arn}|{id}|{at}", self.name) }))
    }

    fn read(&mut self, iterator: &str) -> Answer {
        self.fault("ExpiredIteratorException", 0.5)?;
        let parts: Vec<&str> = iterator.split('|').collect();
        let at: usize = parts[3].parse().unwrap();
        let limit = if self.rng.f64() < 0.2 { 0 } else { self.rng.usize(1..6) };
        let name = self.name.clone();
        let shard = self.shard(parts[1], parts[2])?;
        if at < shard.trimmed {
            return Err(TRIMMED);
        }
        let end = (at + limit).min(shard.records.len());
        let records: Vec<Value> = shard.records[at..end].iter().map(record).collect();
        let mut answer = json!({ "Records": records });
        if !(shard.closed.is_some() && end == shard.records.len()) {
            answer["NextShardIterator"] = json!(format!("{name}|{}|{}|{end}", parts[1], parts[2]));
        }
        Ok(answer)
    }
}

fn listed(shard: &Shard, then: Instant) -> Value {
    let mut listed = json!({ "ShardId": shard.id, "SequenceNumberRange": { "StartingSequenceNumber": shard.start.to_string() } });
    if let Some(parent) = &shard.parent {
        listed["ParentShardId"] = json!(parent);
    }
    if shard.closed.is_some_and(|closed| closed <= then) {
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
    let table = tables.get_mut(&name).ok_or(MISSING)?;
    table.fault("InternalServerError", 0.3)?;
    table.fault("LimitExceededException", 0.4)?;
    table.fault("ProvisionedThroughputExceededException", 0.3)?;
    match operation {
        "DescribeTable" => Ok(table.latest()),
        "ListStreams" => {
            let standing = table.streams.iter().filter(|stream| !stream.removed);
            let streams: Vec<Value> = standing.map(|stream| json!({ "StreamArn": stream.arn })).collect();
            Ok(json!({ "Streams": streams }))
        }
        "DescribeStream" => table.describe(body),
        "GetShardIterator" => table.iterator(body),
        "GetRecords" => table.read(body["ShardIterator"].as_str().unwrap()),
        _ => Err((400, "UnknownOperationException")),
    }
}
