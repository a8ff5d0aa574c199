//! Samples in, the report's plots out, each with its file's name. Pure.

use crate::samples::{LATENCIES, Measured, SIZES};
use crate::svg::{Line, plot};

const LATENCY: u64 = 5;
const RECORDS: usize = 1000;

pub fn plots(all: &[Measured]) -> [(&'static str, String); 2] {
    let marks = SIZES.map(number);
    let by_records = lines(all, |measured| SIZES.iter().map(|size| (number(*size), measured.samples.warm(LATENCY, *size))).collect());
    let latencies = LATENCIES.map(|latency| number(usize::try_from(latency).unwrap_or_default()));
    let by_latency = lines(all, |measured| {
        LATENCIES.iter().zip(latencies).map(|(latency, mark)| (mark, measured.samples.warm(*latency, RECORDS))).collect()
    });
    [
        ("records.svg", plot("A warm invocation, 5 ms a call", "records of an event", &marks, &by_records)),
        ("latency.svg", plot("A warm invocation, 1,000 records", "milliseconds that a call takes", &latencies, &by_latency)),
    ]
}

fn lines(all: &[Measured], points: impl Fn(&Measured) -> Vec<(f64, Option<f64>)>) -> Vec<Line> {
    let known = |measured| points(measured).into_iter().filter_map(|(x, y)| Some((x, y?))).collect();
    all.iter().map(|measured| Line { name: measured.name.clone(), points: known(measured) }).collect()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}
