//! One moment of a deployment: plain values, as `--json` shows them. A part that could not be read is its reason.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

use super::metrics::{Metrics, Source as MetricsOf, metrics};
use super::peek::{Letters, peek};
use crate::doctor::deployment::{Deployment, Feed, Seen, Unseen};
use crate::doctor::read::patient;
use crate::letters::queue::Queue;
use crate::runs::{self, Run};
use crate::target::{Target, TargetArgs};

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Part<T> {
    Known(T),
    Unknown {
        unknown: String,
    },
    /// No part of this deployment.
    None(()),
}

#[derive(Debug, Serialize)]
pub struct Snapshot {
    /// Milliseconds since 1970.
    pub at: u64,
    pub function: Part<String>,
    pub sources: Part<Vec<Source>>,
    pub table: Part<String>,
    pub batch: Part<Batch>,
    pub letters: Part<Letters>,
    /// What CloudWatch knows of the function.
    pub metrics: Part<Metrics>,
    /// Files that `tablefeed run` feeds.
    pub files: Vec<FileFed>,
    /// The last runs with the embedded AWS, the latest last.
    pub runs: Vec<Run>,
}

/// An event source mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    pub stream: String,
    pub state: String,
    pub last_result: Option<String>,
    pub shards: Option<u64>,
    pub retention_hours: Option<u64>,
    /// Why the stream could not be read.
    pub unknown: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    pub id: String,
    /// Milliseconds since 1970.
    pub since: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFed {
    pub source: String,
    /// Bytes that are done, of those that the file had when it was last looked at.
    pub done: u64,
    pub size: u64,
}

impl<T> Part<T> {
    fn of(seen: Seen<T>, absent: &str) -> Part<T> {
        match seen {
            Ok(value) => Part::Known(value),
            Err(Unseen::Absent) => Part::Unknown { unknown: absent.to_owned() },
            Err(Unseen::Failed(why)) => Part::Unknown { unknown: why },
            Err(Unseen::NotPart) => Part::None(()),
        }
    }
}

/// Looks at what a deployment does not say by itself, and puts it all together.
pub async fn snapshot(target: &Target, args: &TargetArgs, deployment: &Deployment) -> Snapshot {
    let letters = match deployment.queue() {
        Ok(queue) => letters(target, &queue.url).await.map_err(|error| Unseen::Failed(format!("{error:#}"))),
        Err(unseen) => Err(unseen),
    };
    let measured = match (deployment.function(), deployment.settings()) {
        (Ok(function), Ok(settings)) => {
            metrics(&patient(&target.config), MetricsOf { function: &function.name, settings }, deployment.now).await
        }
        (Err(unseen), _) | (_, Err(unseen)) => Err(unseen),
    };
    let on_laptop = args.is_embedded();
    Snapshot {
        at: runs::now(),
        function: Part::of(deployment.function().map(|function| function.name.clone()), "there is no such function"),
        sources: Part::of(deployment.feeds().map(|feeds| feeds.iter().map(source).collect()), "there is no such function"),
        table: Part::of(deployment.table().map(|table| table.name.clone()), "there is no such table"),
        batch: Part::of(
            deployment.parameter().map(|parameter| Batch { id: parameter.value.clone(), since: parameter.since.map(milliseconds) }),
            "there is no such parameter",
        ),
        letters: Part::of(letters, "there is no such queue"),
        metrics: Part::of(measured, "there is no such function"),
        files: if on_laptop { files(&args.dir) } else { Vec::new() },
        runs: if on_laptop { runs::last(&args.dir) } else { Vec::new() },
    }
}

async fn letters(target: &Target, url: &str) -> anyhow::Result<Letters> {
    peek(&Queue::open(target, url).await?).await
}

fn source(feed: &Feed) -> Source {
    let stream = feed.stream().ok();
    let unknown = match feed.stream() {
        Err(Unseen::Failed(why)) => Some(why),
        Err(Unseen::Absent) => Some("there is no such stream".to_owned()),
        _ => None,
    };
    Source {
        stream: feed.stream_name.clone(),
        state: feed.state.clone(),
        last_result: feed.last_result.clone(),
        shards: stream.map(|stream| stream.shards),
        retention_hours: stream.map(|stream| stream.retention_hours),
        unknown,
    }
}

/// Checkpoints of `tablefeed run`, by source.
fn files(dir: &Path) -> Vec<FileFed> {
    let entries = std::fs::read_dir(dir.join("run")).into_iter().flatten().flatten().map(|entry| entry.path());
    let checkpoints = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut files: Vec<FileFed> = checkpoints
        .filter_map(|path| {
            let state: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            Some(FileFed { source: state["source"].as_str()?.to_owned(), done: state["offset"].as_u64()?, size: state["size"].as_u64()? })
        })
        .collect();
    files.sort_by(|one, other| one.source.cmp(&other.source));
    files
}

fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
