//! The metrics of the function `persist`, once: name, unit, meaning, value. `docs/metrics.md` shows them.

use serde_json::Number;

use super::report::{Lag, Report};
use crate::emf::{Metric, Unit, fraction};
use crate::write::outcome::Outcome;

/// In the order of a line; what may grow stands last.
pub const PERSIST_METRICS: &[Metric<Report>] = &[
    Metric::always("Records", Unit::Count, "Records of the event.", |report| report.records.into()),
    Metric::always("Documents", Unit::Count, "Documents in them; the sum of the eight outcomes below.", |report| {
        report.outcomes.documents().into()
    }),
    Metric::always("Bytes", Unit::Bytes, "Record data as they came, base64 decoded.", |report| report.bytes.into()),
    Metric::always("DecompressedBytes", Unit::Bytes, "Record data that were decoded, decompressed.", |report| {
        report.decompressed_bytes.into()
    }),
    Metric::always("Persisted", Unit::Count, "Documents whose item is in the table, or deleted.", |report| {
        report.outcomes.of(Outcome::Persisted).into()
    }),
    Metric::always("Superseded", Unit::Count, "Documents in whose place a later one for the same key stands.", |report| {
        report.outcomes.of(Outcome::Superseded).into()
    }),
    Metric::always("Filtered", Unit::Count, "Documents that no mapping wants.", |report| report.outcomes.of(Outcome::Filtered).into()),
    Metric::always("Skipped", Unit::Count, "Documents left out on purpose.", |report| report.outcomes.of(Outcome::Skipped).into()),
    Metric::always("OverLimit", Unit::Count, "Letters for documents past PERSIST_RECORDS.", |report| {
        report.outcomes.of(Outcome::OverLimit).into()
    }),
    Metric::always("Rejected", Unit::Count, "Letters for documents found unfit before a request.", |report| {
        report.outcomes.of(Outcome::Rejected).into()
    }),
    Metric::always("Failed", Unit::Count, "Letters for documents after a request.", |report| report.outcomes.of(Outcome::Failed).into()),
    Metric::always("Retry", Unit::Count, "Unfinished documents, which are delivered again.", |report| {
        report.outcomes.of(Outcome::Retry).into()
    }),
    Metric::always("Letters", Unit::Count, "Letters that the queue accepted.", |report| report.letters.len().into()),
    Metric::always("SystemicFailure", Unit::Count, "1 if nobody's record was at fault, else 0.", |report| {
        u64::from(report.systemic.is_some()).into()
    }),
    Metric::always("DryRun", Unit::Count, "1 if nothing was to be written, else 0.", |report| u64::from(report.dry_run).into()),
    Metric::always("ColdStart", Unit::Count, "1 if it was its process's first invocation, else 0.", |report| {
        u64::from(report.invocation.cold_start).into()
    }),
    Metric::always("WriteRequests", Unit::Count, "Calls that write to the table.", |report| report.writes.calls.into()),
    Metric::always("WriteRetries", Unit::Count, "Requests that had to be sent again.", |report| report.writes.retries.into()),
    Metric::always("WriteUnits", Unit::Count, "Write capacity units that the table and its indexes consumed.", |report| {
        fraction(report.writes.units)
    }),
    Metric::always("QueueRequests", Unit::Count, "Calls that send letters.", |report| report.calls.send_message_batch.into()),
    Metric::always("BatchIdRequests", Unit::Count, "Calls that read the batch id.", |report| report.calls.get_parameter.into()),
    Metric::if_known("BatchIdAge", Unit::Seconds, "Time since the batch id was set.", |report| report.batch_age().map(Number::from)),
    Metric::if_known(
        "LagP50",
        Unit::Milliseconds,
        "Time from a record's arrival to the end of the invocation: half of them took no more.",
        |report| report.lag.map(|Lag { p50, .. }| p50.into()),
    ),
    Metric::if_known("LagMax", Unit::Milliseconds, "The same of the record that waited longest.", |report| {
        report.lag.map(|Lag { max, .. }| max.into())
    }),
    Metric::always("WriteThrottles", Unit::Count, "Answers of the table that asked for fewer calls.", |report| {
        report.writes.throttles.into()
    }),
    Metric::each("Letters", "REASON", "Letters of one [reason](troubleshooting.md#letters).", |report| {
        report.reasons().into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect()
    }),
    Metric::each(
        "WriteThrottles",
        "REASON",
        "Of the throttles, those that gave this [reason](#reasons-of-throttles); one may give several.",
        |report| report.writes.by_reason(),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emf::{self, Values};
    use crate::write::fault::THROTTLES;

    #[test]
    fn the_docs_table_of_metrics_is_the_codes() {
        let table = emf::markdown(PERSIST_METRICS);
        assert!(include_str!("../../docs/metrics.md").contains(&format!("\n{table}\n")), "put this into docs/metrics.md:\n{table}");
    }

    #[test]
    fn all_at_once_fit_on_a_line() {
        let singles = PERSIST_METRICS.iter().filter(|metric| !matches!(metric.values, Values::Each(..))).count();
        let letters = include_str!("../reason.rs").matches("=> \"").count();
        // {Table, Index} of four kinds each, and the errors' own names.
        let throttles = 2 * 4 + THROTTLES.len();
        assert!(letters > 20 && singles + letters + throttles <= emf::MAX_METRICS, "{singles} {letters} {throttles}");
    }
}
