//! Metrics in CloudWatch's embedded metric format: what an invocation came to in, one line of JSON out. Pure.
//!
//! CloudWatch makes metrics of such lines where it finds them in a log ("Specification: Embedded metric format" of CloudWatch). A
//! function's metrics are one table, from which lines are made and which the docs show, so that no metric is in one alone.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Number, Value, json};

/// Metrics that one line may declare. What is over, from the end of the table, is left out.
pub(crate) const MAX_METRICS: usize = 100;

/// What a metric counts, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Bytes,
    Seconds,
    Milliseconds,
}

/// One metric, or one for each of several things, of invocations that come to an `R`.
#[derive(Debug)]
pub struct Metric<R> {
    pub name: &'static str,
    pub unit: Unit,
    pub meaning: &'static str,
    pub values: Values<R>,
}

/// Where a metric's values come from.
#[derive(Debug)]
pub enum Values<R> {
    /// On every line.
    Always(fn(&R) -> Number),
    /// On lines of invocations that know it.
    IfKnown(fn(&R) -> Option<Number>),
    /// One for each thing that occurred, called by the metric's name, a full stop, and the thing; the text says what things are.
    Each(&'static str, fn(&R) -> Vec<(String, u64)>),
}

impl<R> Metric<R> {
    pub const fn always(name: &'static str, unit: Unit, meaning: &'static str, value: fn(&R) -> Number) -> Self {
        Metric { name, unit, meaning, values: Values::Always(value) }
    }

    pub const fn if_known(name: &'static str, unit: Unit, meaning: &'static str, value: fn(&R) -> Option<Number>) -> Self {
        Metric { name, unit, meaning, values: Values::IfKnown(value) }
    }

    /// Counts.
    pub const fn each(name: &'static str, things: &'static str, meaning: &'static str, values: fn(&R) -> Vec<(String, u64)>) -> Self {
        Metric { name, unit: Unit::Count, meaning, values: Values::Each(things, values) }
    }

    fn values(&self, of: &R) -> Vec<(String, Number)> {
        let named = |value| (self.name.to_owned(), value);
        match &self.values {
            Values::Always(value) => vec![named(value(of))],
            Values::IfKnown(value) => value(of).map(named).into_iter().collect(),
            Values::Each(_, values) => {
                values(of).into_iter().map(|(thing, count)| (format!("{}.{thing}", self.name), count.into())).collect()
            }
        }
    }
}

/// A value that may have a fraction.
pub fn fraction(value: f64) -> Number {
    Number::from_f64(value).unwrap_or_else(|| 0.into())
}

/// The table of metrics as the docs show it.
pub fn markdown<R>(metrics: &[Metric<R>]) -> String {
    let row = |metric: &Metric<R>| {
        let (things, when) = match metric.values {
            Values::Always(_) => (String::new(), "always"),
            Values::IfKnown(_) => (String::new(), "if known"),
            Values::Each(things, _) => (format!(".{things}"), "if over 0"),
        };
        format!("| `{}{things}` | {:?} | {when} | {} |\n", metric.name, metric.unit, metric.meaning)
    };
    format!("| name | unit | when | meaning |\n|---|---|---|---|\n{}", metrics.iter().map(row).collect::<String>())
}

/// What a line says besides its metrics.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub namespace: &'a str,
    /// The one dimension.
    pub service: &'a str,
    pub request_id: &'a str,
    pub time: SystemTime,
}

/// The line of an invocation that came to `of`.
pub fn line<R>(head: Head<'_>, metrics: &[Metric<R>], of: &R) -> String {
    let values = metrics.iter().flat_map(|metric| metric.values(of).into_iter().map(|(name, value)| (name, metric.unit, value)));
    let mut line = Map::new();
    let mut definitions = Vec::new();
    for (name, unit, value) in values.take(MAX_METRICS) {
        definitions.push(json!({"Name": name, "Unit": format!("{unit:?}")}));
        line.insert(name, value.into());
    }
    let since = head.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    line.insert("service".to_owned(), head.service.into());
    line.insert("function_request_id".to_owned(), head.request_id.into());
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": u64::try_from(since.as_millis()).unwrap_or_default(),
            "CloudWatchMetrics": [{"Namespace": head.namespace, "Dimensions": [["service"]], "Metrics": definitions}],
        }),
    );
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &[Metric<u64>] = &[
        Metric::always("Sure", Unit::Bytes, "m", |of| (*of).into()),
        Metric::if_known("Known", Unit::Seconds, "m", |of| Some(*of).filter(|of| *of > 1).map(Number::from)),
        Metric::each("Each", "THING", "m", |of| {
            [("a".to_owned(), *of), ("b".to_owned(), 1)].into_iter().filter(|(_, count)| *count > 0).collect()
        }),
        Metric::each("Many", "THING", "m", |of| vec![("x".to_owned(), *of); usize::try_from(*of).unwrap()]),
    ];

    fn lines(of: u64) -> Value {
        let time = UNIX_EPOCH + std::time::Duration::from_millis(1_545_084_650_987);
        let head = Head { namespace: "tablefeed", service: "s", request_id: "r", time };
        serde_json::from_str(&line(head, METRICS, &of)).unwrap()
    }

    #[test]
    fn a_line_declares_what_it_holds() {
        assert_eq!(
            lines(0),
            json!({
                "_aws": {"Timestamp": 1_545_084_650_987_u64, "CloudWatchMetrics": [{"Namespace": "tablefeed", "Dimensions": [["service"]],
                    "Metrics": [{"Name": "Sure", "Unit": "Bytes"}, {"Name": "Each.b", "Unit": "Count"}]}]},
                "service": "s", "function_request_id": "r", "Sure": 0, "Each.b": 1,
            })
        );
        assert_eq!((lines(2)["Known"].as_u64(), lines(2)["Each.a"].as_u64()), (Some(2), Some(2)));
    }

    #[test]
    fn a_hundred_metrics_are_the_most_and_the_tables_last_are_left_out() {
        let line = lines(200);
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!((metrics.len(), &metrics[3]["Name"], &metrics[4]["Name"]), (100, &json!("Each.b"), &json!("Many.x")));
    }

    #[test]
    fn the_docs_table_says_when_a_metric_is_there() {
        let table = markdown(METRICS);
        for row in ["| `Sure` | Bytes | always | m |", "| `Known` | Seconds | if known | m |", "| `Each.THING` | Count | if over 0 | m |"] {
            assert!(table.lines().any(|line| line == row), "{row}: {table}");
        }
    }
}
