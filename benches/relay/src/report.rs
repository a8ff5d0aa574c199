//! What was measured in, a table in Markdown and the target out. Pure.

/// How much more than one round trip a change may take, in milliseconds, half of the time.
const TARGET: f64 = 250.0;

/// One of those that deliver.
#[derive(Debug, Default)]
pub struct Contender {
    /// From the put's answer to the POST's arrival, of each record.
    pub millis: Vec<f64>,
    /// Records a second.
    pub rate: f64,
}

#[derive(Debug, Default)]
pub struct Report {
    /// The machine's load before.
    pub load: String,
    pub relay: Contender,
    pub poller: Contender,
    /// Milliseconds of each call of GetRecords.
    pub round_trips: Vec<f64>,
}

/// The value below which so many of a hundred lie.
fn percentile(values: &[f64], of_hundred: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = (values.len() * of_hundred / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or_default()
}

impl Report {
    pub fn markdown(&self) -> String {
        let row = |name: &str, contender: &Contender| {
            let (p50, p99) = (percentile(&contender.millis, 50), percentile(&contender.millis, 99));
            format!("| {name} | {:.0} | {p50:.0} | {p99:.0} |\n", contender.rate)
        };
        let round_trip = percentile(&self.round_trips, 50);
        let (p50, most) = (percentile(&self.relay.millis, 50), round_trip + TARGET);
        format!(
            "| | records/s | from put to POST, p50, ms | p99, ms |\n|---|---|---|---|\n{}{}\nOne GetRecords takes {round_trip:.1} ms (p50 of {}), so the \
             relay's p50 may be {most:.0} ms: {}. Changes: {}. The machine's load before: {}.",
            row("tablefeed relay", &self.relay),
            row("a poller, every 3 s", &self.poller),
            self.round_trips.len(),
            if p50 <= most { "it is not more" } else { "it is MORE" },
            self.relay.millis.len(),
            self.load,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_held_against_one_round_trip() {
        let contender = |millis: f64| Contender { millis: vec![millis; 3], rate: 10.0 };
        let report = |millis| Report { relay: contender(millis), round_trips: vec![2.0], ..Report::default() }.markdown();
        assert!(report(252.0).contains("may be 252 ms: it is not more") && report(252.1).contains("it is MORE"));
        assert!(report(7.0).contains("| tablefeed relay | 10 | 7 | 7 |\n"));
    }
}
