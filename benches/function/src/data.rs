//! Samples in, everything that was measured as JSON out. Pure.

use serde_json::{Value, json};

use crate::samples::{LATENCIES, Measured, SIZES, Samples};
use crate::targets::FIGURES;

/// `floor` and `ours` are among `all`.
pub fn data(all: &[Measured], floor: &Samples, ours: &Samples) -> Value {
    let targets: Vec<Value> = FIGURES
        .iter()
        .map(|figure| {
            json!({"figure": figure.title, "unit": figure.unit, "at_most": figure.limit(floor), "reached": (figure.of)(ours),
                   "met": figure.is_met(ours, floor)})
        })
        .collect();
    let functions: Vec<Value> = all.iter().map(|measured| function(&measured.name, &measured.samples)).collect();
    json!({"targets": targets, "uneven_percent": ours.unevenness(), "functions": functions})
}

fn function(name: &str, samples: &Samples) -> Value {
    let figures: serde_json::Map<String, Value> =
        FIGURES.iter().map(|figure| (format!("{}, {}", figure.title, figure.unit), json!((figure.of)(samples)))).collect();
    let warm: Vec<Value> = LATENCIES
        .iter()
        .flat_map(|latency| SIZES.map(|records| (*latency, records)))
        .map(|(latency, records)| json!({"latency_ms": latency, "records": records, "median_ms": samples.warm(latency, records)}))
        .collect();
    let processor: Vec<Value> =
        SIZES.iter().map(|records| json!({"records": records, "us_a_record": samples.processor_a_record(*records)})).collect();
    json!({"name": name, "figures": figures, "warm": warm, "processor": processor,
           "connections": samples.counts.connections, "calls": samples.counts.calls, "items": samples.counts.items,
           "samples_ms": {"init": samples.init, "init_tls": samples.init_tls, "first": samples.first, "first_tls": samples.first_tls}})
}
