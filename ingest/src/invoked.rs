//! The metrics of the Lambda function `ingest`, once: name, unit, meaning, value. `docs/metrics.md` shows them.

use serde_json::{Number, Value, json};
use tablefeed::emf::{Metric, Unit, fraction};
use tablefeed::write::outcome::Outcome;

use crate::metrics::Counts;

/// What was counted in one invocation.
#[derive(Debug)]
pub struct Invoked {
    pub counts: Counts,
    pub cold_start: bool,
}

impl Invoked {
    fn of(&self, outcome: Outcome) -> Number {
        self.counts.outcomes.get(&outcome).copied().unwrap_or(0).into()
    }

    fn responses(&self) -> Vec<(String, u64)> {
        self.counts.requests.iter().map(|(status, count)| (status.to_string(), *count)).collect()
    }

    /// For a line of the log.
    pub fn facts(&self) -> Value {
        let outcomes: serde_json::Map<_, _> =
            self.counts.outcomes.iter().map(|(outcome, count)| (outcome.name().to_owned(), json!(count))).collect();
        let responses: serde_json::Map<_, _> = self.responses().into_iter().map(|(status, count)| (status, json!(count))).collect();
        json!({"responses": responses, "outcomes": outcomes, "write_retries": self.counts.tally.retries, "write_throttles": self.counts.tally.throttles})
    }
}

/// In the order of a line; what may grow stands last.
pub const INGEST_METRICS: &[Metric<Invoked>] = &[
    Metric::always("Requests", Unit::Count, "POSTs that were answered.", |invoked| invoked.counts.answered.into()),
    Metric::always("Persisted", Unit::Count, "Documents whose item is in the table.", |invoked| invoked.of(Outcome::Persisted)),
    Metric::always("Superseded", Unit::Count, "Documents in whose place a later one for the same key stands.", |invoked| {
        invoked.of(Outcome::Superseded)
    }),
    Metric::always("Filtered", Unit::Count, "Documents that no mapping wants.", |invoked| invoked.of(Outcome::Filtered)),
    Metric::always("Rejected", Unit::Count, "Documents found unfit before a request.", |invoked| invoked.of(Outcome::Rejected)),
    Metric::always("Failed", Unit::Count, "Documents that the table refused, or that became letters.", |invoked| {
        invoked.of(Outcome::Failed)
    }),
    Metric::always("Retry", Unit::Count, "Documents that are not known to be written; the sender is told.", |invoked| {
        invoked.of(Outcome::Retry)
    }),
    Metric::always("ColdStart", Unit::Count, "1 if it was its process's first invocation, else 0.", |invoked| {
        u64::from(invoked.cold_start).into()
    }),
    Metric::always("WriteRequests", Unit::Count, "Calls that write to the table.", |invoked| invoked.counts.tally.calls.into()),
    Metric::always("WriteRetries", Unit::Count, "Requests that had to be sent again.", |invoked| invoked.counts.tally.retries.into()),
    Metric::always("WriteUnits", Unit::Count, "Write capacity units that the table and its indexes consumed.", |invoked| {
        fraction(invoked.counts.tally.units)
    }),
    Metric::always("WriteThrottles", Unit::Count, "Answers of the table that asked for fewer calls.", |invoked| {
        invoked.counts.tally.throttles.into()
    }),
    Metric::each("Responses", "STATUS", "POSTs that were answered with one status.", Invoked::responses),
    Metric::each(
        "WriteThrottles",
        "REASON",
        "Of the throttles, those that gave this [reason](#reasons-of-throttles); one may give several.",
        |invoked| invoked.counts.tally.by_reason(),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_table_of_metrics_is_the_codes() {
        let table = tablefeed::emf::markdown(INGEST_METRICS);
        assert!(include_str!("../../docs/metrics.md").contains(&format!("\n{table}\n")), "put this into docs/metrics.md:\n{table}");
    }
}
