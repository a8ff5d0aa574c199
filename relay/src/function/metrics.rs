//! The metrics of the Lambda function `relay`, once: name, unit, meaning, value. `docs/metrics.md` shows them.

use serde_json::Number;
use tablefeed::emf::{Metric, Unit};

use super::Handled;

/// In the order of a line.
pub const RELAY_METRICS: &[Metric<Handled>] = &[
    Metric::always("Records", Unit::Count, "Records of the event; the sum of the next three.", |handled| handled.records.into()),
    Metric::always("Delivered", Unit::Count, "Records that the URL took.", |handled| handled.delivered.into()),
    Metric::always("Skipped", Unit::Count, "Records that WHERE and EVENTS leave out.", |handled| handled.filtered.into()),
    Metric::always("Undelivered", Unit::Count, "Wanted records that the URL did not take.", |handled| {
        (handled.records - handled.delivered - handled.filtered).into()
    }),
    Metric::always("Posts", Unit::Count, "POSTs that were begun.", |handled| handled.posts.into()),
    Metric::always("ColdStart", Unit::Count, "1 if it was its process's first invocation, else 0.", |handled| {
        u64::from(handled.invocation.cold_start).into()
    }),
    Metric::if_known("LagMax", Unit::Milliseconds, "Time from the oldest record's change to the end of the invocation.", |handled| {
        handled.lag_max.map(Number::from)
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_table_of_metrics_is_the_codes() {
        let table = tablefeed::emf::markdown(RELAY_METRICS);
        assert!(include_str!("../../../docs/metrics.md").contains(&format!("\n{table}\n")), "put this into docs/metrics.md:\n{table}");
    }
}
