//! What was measured of one function, and the medians of it. Pure.

use std::collections::BTreeMap;

use crate::endpoint::Counts;

/// The sizes of events, in records, by which warm invocations are measured.
pub const SIZES: [usize; 5] = [100, 1000, 2000, 4000, 6000];

/// How long the endpoint takes for a call, in milliseconds, when warm invocations are measured.
pub const LATENCIES: [u64; 4] = [0, 1, 5, 20];

/// Times in milliseconds unless they are said to be otherwise; a value of each list for each time that it was measured.
#[derive(Debug, Default)]
pub struct Samples {
    pub init: Vec<f64>,
    pub init_tls: Vec<f64>,
    /// The first invocation of a process: 100 records, 5 ms a call.
    pub first: Vec<f64>,
    pub first_tls: Vec<f64>,
    /// By latency and records.
    pub warm: BTreeMap<(u64, usize), Vec<f64>>,
    /// Processor time of an invocation in microseconds, at no latency, by records.
    pub processor: BTreeMap<usize, Vec<f64>>,
    /// Of a process that has had no event larger than 1,000 records, in MiB.
    pub peak: Vec<f64>,
    /// Of such a process: what it had asked of the endpoint after a first event of 100 records and one of 1,000.
    pub counts: Counts,
    /// Bytes.
    pub binary: u64,
}

impl Samples {
    /// Microseconds of processor time for each record of an event of so many, without what an empty event takes.
    pub fn processor_a_record(&self, records: usize) -> Option<f64> {
        let of = |records| self.processor.get(&records).and_then(|samples| median(samples));
        let records_as_number = f64::from(u32::try_from(records).ok()?);
        Some((of(records)? - of(0)?) / records_as_number)
    }

    /// By how much the processor time of a record differs at most from 1,000 records of an event on, in percent of the least.
    pub fn unevenness(&self) -> Option<f64> {
        let large: Vec<f64> = SIZES.iter().filter(|size| **size >= 1000).filter_map(|size| self.processor_a_record(*size)).collect();
        let least = large.iter().copied().reduce(f64::min)?;
        Some((large.iter().copied().fold(least, f64::max) / least - 1.0) * 100.0)
    }

    pub fn warm(&self, latency: u64, records: usize) -> Option<f64> {
        self.warm.get(&(latency, records)).and_then(|samples| median(samples))
    }
}

pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// A function's name beside its samples.
#[derive(Debug)]
pub struct Measured {
    pub name: String,
    pub samples: Samples,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_processor_time_is_without_that_of_an_empty_event() {
        let processor = BTreeMap::from([(0, vec![50.0]), (1000, vec![2050.0, 90_000.0, 2049.0]), (2000, vec![4450.0])]);
        let samples = Samples { processor, ..Samples::default() };
        assert_eq!(samples.processor_a_record(1000), Some(2.0));
        assert_eq!(samples.unevenness().map(f64::round), Some(10.0));
        assert_eq!((samples.processor_a_record(100), samples.warm(5, 100)), (None, None));
    }
}
