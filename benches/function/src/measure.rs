//! One round of measurements of one function, added to its [`Samples`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::body::Bytes;

use crate::endpoint::Endpoint;
use crate::event;
use crate::process::{Bootstrap, Process};
use crate::samples::{LATENCIES, SIZES, Samples};
use crate::starter::Starter;

/// Processes of a round, each with one first invocation, plain and with TLS.
const STARTS: usize = 5;
/// Of an event in a round: at least one, at most so many, and no more once this time is over.
const INVOCATIONS: usize = 5;
const LENGTH: Duration = Duration::from_millis(400);
/// Records of a round by which the processor time of an event is measured.
const RECORDS: usize = 12_000;
const LATENCY: Duration = Duration::from_millis(5);

/// What the functions are measured with.
#[derive(Debug)]
pub struct Bench {
    pub plain: Endpoint,
    pub tls: Endpoint,
    /// Where the certificate of `tls` is.
    pub bundle: PathBuf,
    pub starter: Starter,
    pub folder: PathBuf,
    pub events: BTreeMap<usize, Bytes>,
}

/// The events that are measured, and one without records.
pub fn events() -> BTreeMap<usize, Bytes> {
    SIZES.iter().chain(&[0]).map(|records| (*records, event::of(*records).into())).collect()
}

impl Bench {
    /// `writes`: whether each record is to arrive at the table.
    pub async fn round(&self, bootstrap: &Bootstrap, writes: bool, samples: &mut Samples) -> io::Result<()> {
        for _ in 0..STARTS {
            self.cold(bootstrap, writes, samples).await?;
            self.cold_tls(bootstrap, samples).await?;
        }
        let mut process = self.start(bootstrap, &self.plain, None).await?;
        for records in SIZES {
            process.invoke(self.event(records)).await?;
        }
        self.processor(&mut process, samples).await?;
        for latency in LATENCIES {
            self.plain.set_latency(Duration::from_millis(latency));
            for records in SIZES {
                let times = samples.warm.entry((latency, records)).or_default();
                repeated(&mut process, &self.event(records), times).await?;
            }
        }
        Ok(())
    }

    async fn start(&self, bootstrap: &Bootstrap, endpoint: &Endpoint, bundle: Option<&Path>) -> io::Result<Process> {
        endpoint.set_latency(Duration::ZERO);
        endpoint.count_anew();
        let log = self.folder.join(format!("{}.log", bootstrap.name));
        Process::start(bootstrap, &endpoint.url, bundle, &self.starter, &log).await
    }

    fn event(&self, records: usize) -> Bytes {
        self.events.get(&records).cloned().unwrap_or_default()
    }

    async fn cold(&self, bootstrap: &Bootstrap, writes: bool, samples: &mut Samples) -> io::Result<()> {
        let mut process = self.start(bootstrap, &self.plain, None).await?;
        samples.init.push(millis(process.init));
        self.plain.set_latency(LATENCY);
        samples.first.push(millis(process.invoke(self.event(100)).await?.0));
        process.invoke(self.event(1000)).await?;
        samples.counts = self.plain.counts();
        samples.peak.push(process.peak()?);
        if writes && samples.counts.items != 1100 {
            return Err(io::Error::other(format!("{}: of 1100 records came {:?}", bootstrap.name, samples.counts)));
        }
        Ok(())
    }

    async fn cold_tls(&self, bootstrap: &Bootstrap, samples: &mut Samples) -> io::Result<()> {
        let mut process = self.start(bootstrap, &self.tls, Some(&self.bundle)).await?;
        samples.init_tls.push(millis(process.init));
        self.tls.set_latency(LATENCY);
        samples.first_tls.push(millis(process.invoke(self.event(100)).await?.0));
        Ok(())
    }

    /// At no latency, by size, one size after another again and again, so that what else the machine does strikes them alike.
    async fn processor(&self, process: &mut Process, samples: &mut Samples) -> io::Result<()> {
        self.plain.set_latency(Duration::ZERO);
        for turn in 0..RECORDS / 100 {
            for records in self.events.keys() {
                if turn * records < RECORDS {
                    let (_, used) = process.invoke(self.event(*records)).await?;
                    samples.processor.entry(*records).or_default().push(used.as_secs_f64() * 1e6);
                }
            }
        }
        Ok(())
    }
}

async fn repeated(process: &mut Process, event: &Bytes, times: &mut Vec<f64>) -> io::Result<()> {
    let begin = Instant::now();
    for _ in 0..INVOCATIONS {
        times.push(millis(process.invoke(event.clone()).await?.0));
        if begin.elapsed() > LENGTH {
            break;
        }
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
