//! Runs in, a table in Markdown and two ratios out. Pure.

use std::fmt::Write as _;

/// One run of one server.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Requests a second.
    pub rate: f64,
    /// Microseconds that 99 of 100 requests took at most.
    pub p99: f64,
    /// Microseconds of processor time that the server took for a request.
    pub cost: f64,
    pub failed: u64,
}

/// All runs of one server.
#[derive(Debug)]
pub struct Contender {
    pub name: &'static str,
    pub runs: Vec<Run>,
}

impl Contender {
    fn median(&self, of: fn(&Run) -> f64) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    }

    fn spread(&self) -> String {
        let of = |pick: fn(f64, f64) -> f64, start| self.runs.iter().map(|run| run.rate).fold(start, pick);
        format!("{:.0} to {:.0}", of(f64::min, f64::INFINITY), of(f64::max, 0.0))
    }
}

/// The value below which so many of a hundred lie.
pub fn percentile(micros: &mut [u32], of_hundred: usize) -> f64 {
    micros.sort_unstable();
    let at = (micros.len() * of_hundred / 100).min(micros.len().saturating_sub(1));
    micros.get(at).copied().map_or(0.0, f64::from)
}

/// `contenders`: ingest, Flask, the floor.
pub fn markdown(contenders: &[Contender; 3]) -> String {
    let mut text =
        String::from("| server | requests/s | from to | p99, ms | processor a request, µs | failed |\n|---|---|---|---|---|---|\n");
    for contender in contenders {
        let failed: u64 = contender.runs.iter().map(|run| run.failed).sum();
        let (rate, p99, cost) = (contender.median(|run| run.rate), contender.median(|run| run.p99), contender.median(|run| run.cost));
        writeln!(text, "| {} | {rate:.0} | {} | {:.1} | {cost:.0} | {failed} |", contender.name, contender.spread(), p99 / 1000.0)
            .unwrap_or_default();
    }
    let [ingest, flask, floor] = contenders;
    let rate = |contender: &Contender| contender.median(|run| run.rate);
    let (over, under) = (rate(ingest) / rate(flask), rate(ingest) / rate(floor));
    write!(text, "\nAgainst Flask: {over:.1} times (target: 20). Against the floor: {under:.2} of it (target: 0.5).").unwrap_or_default();
    text
}
