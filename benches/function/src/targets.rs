//! What the function is to reach, beside what it reached. Pure.

use crate::samples::{Samples, median};

/// One figure of the report.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub title: &'static str,
    pub unit: &'static str,
    pub of: fn(&Samples) -> Option<f64>,
    pub target: Target,
}

#[derive(Debug, Clone, Copy)]
pub enum Target {
    AtMost(f64),
    /// So many times what the floor takes.
    TimesFloor(f64),
}

/// In the order of the report's columns.
pub const FIGURES: [Figure; 7] = [
    Figure { title: "init", unit: "ms", of: |samples| median(&samples.init), target: Target::TimesFloor(1.6) },
    Figure { title: "first invoke, plain", unit: "ms", of: |samples| median(&samples.first), target: Target::AtMost(12.5) },
    Figure { title: "first invoke, TLS", unit: "ms", of: |samples| median(&samples.first_tls), target: Target::AtMost(14.0) },
    Figure { title: "processor a record", unit: "µs", of: |samples| samples.processor_a_record(1000), target: Target::TimesFloor(2.0) },
    Figure { title: "1,000 records", unit: "ms", of: |samples| samples.warm(5, 1000), target: Target::AtMost(15.0) },
    Figure { title: "peak memory", unit: "MiB", of: |samples| median(&samples.peak), target: Target::AtMost(16.0) },
    Figure { title: "binary", unit: "MB", of: |samples| megabytes(samples.binary), target: Target::AtMost(7.0) },
];

impl Figure {
    /// The most that the function may take.
    pub fn limit(&self, floor: &Samples) -> Option<f64> {
        match self.target {
            Target::AtMost(most) => Some(most),
            Target::TimesFloor(times) => (self.of)(floor).map(|floor| floor * times),
        }
    }

    pub fn is_met(&self, ours: &Samples, floor: &Samples) -> Option<bool> {
        Some((self.of)(ours)? <= self.limit(floor)?)
    }
}

/// The most by which the processor time of a record may differ between events of 1,000 and of 6,000 records, in percent.
pub const EVEN: f64 = 15.0;

fn megabytes(bytes: u64) -> Option<f64> {
    u32::try_from(bytes).ok().map(|bytes| f64::from(bytes) / 1e6)
}
