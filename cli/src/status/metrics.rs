//! What CloudWatch knows of a function: how far it is behind its stream, and what became of documents in the last hour.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use serde::Serialize;
use serde_json::{Value, json};
use tablefeed::settings::Settings;
use tablefeed::write::outcome::Outcome;

use super::cloudwatch::get_metric_data;
use crate::doctor::deployment::{Seen, Unseen};

/// Sums are of so long.
const WINDOW: Duration = Duration::from_secs(3600);
/// CloudWatch keeps a value for each.
const PERIOD: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// The largest age of a record when Lambda read it, in the latest five minutes that have one.
    pub iterator_age_ms: Option<u64>,
    /// From a document's arrival in the stream to the end of its invocation.
    pub lag_p50_ms: Option<u64>,
    pub lag_max_ms: Option<u64>,
    /// Of the last hour, as everything below.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub letters: u64,
    pub write_throttles: u64,
    pub systemic_failures: u64,
}

/// Whose metrics.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    pub function: &'s str,
    pub settings: &'s Settings,
}

pub async fn metrics(config: &SdkConfig, source: Source<'_>, now: SystemTime) -> Seen<Metrics> {
    let answer = get_metric_data(config, &query(source, now)).await.map_err(|error| format!("{error:#}"));
    answer.and_then(|answer| read(&answer)).map_err(|why| Unseen::Failed(format!("CloudWatch cannot be asked: {why}")))
}

/// The function's metrics, by the name that is theirs in the query.
fn query(source: Source<'_>, now: SystemTime) -> Value {
    let Source { function, settings } = source;
    let own = |name: &str, statistic: &str| stat(&settings.logging.namespace, name, ("service", &settings.logging.service), statistic);
    let age = stat("AWS/Lambda", "IteratorAge", ("FunctionName", function), "Maximum");
    let sums = ["Letters", "WriteThrottles", "SystemicFailure"].map(|name| own(name, "Sum"));
    let outcomes = Outcome::ALL.map(|outcome| own(metric(outcome), "Sum"));
    let lags = ["LagP50", "LagMax"].map(|name| own(name, "Maximum"));
    let queries: Vec<Value> = [age].into_iter().chain(lags).chain(sums).chain(outcomes).collect();
    let at = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Whole periods, of which the running one is the last.
    let end = at - at % PERIOD.as_secs() + PERIOD.as_secs();
    json!({"MetricDataQueries": queries, "StartTime": end - WINDOW.as_secs(), "EndTime": end, "ScanBy": "TimestampDescending"})
}

/// The metric that counts an outcome: its name in capitalised words.
fn metric(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Persisted => "Persisted",
        Outcome::Superseded => "Superseded",
        Outcome::Filtered => "Filtered",
        Outcome::Skipped => "Skipped",
        Outcome::OverLimit => "OverLimit",
        Outcome::Rejected => "Rejected",
        Outcome::Failed => "Failed",
        Outcome::Retry => "Retry",
    }
}

/// A metric is called by its name in small letters.
fn stat(namespace: &str, name: &str, (dimension, value): (&str, &str), statistic: &str) -> Value {
    let metric = json!({"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}]});
    json!({"Id": name.to_ascii_lowercase(), "MetricStat": {"Metric": metric, "Period": PERIOD.as_secs(), "Stat": statistic}})
}

/// An answer that is not whole is none.
fn read(answer: &Value) -> Result<Metrics, String> {
    let results = answer["MetricDataResults"].as_array().ok_or("the answer has no results")?;
    if let Some(broken) = results.iter().find(|result| result["StatusCode"] != "Complete") {
        return Err(format!("the metric {} is {}", broken["Label"], broken["StatusCode"]));
    }
    let values = |name: &str| {
        let found = results.iter().find(|result| result["Id"] == name.to_ascii_lowercase());
        found.and_then(|result| result["Values"].as_array()).into_iter().flatten().filter_map(Value::as_f64).map(whole)
    };
    Ok(Metrics {
        iterator_age_ms: values("IteratorAge").next(),
        lag_p50_ms: values("LagP50").next(),
        lag_max_ms: values("LagMax").next(),
        outcomes: Outcome::ALL.map(|outcome| (outcome.name(), values(metric(outcome)).sum())).into(),
        letters: values("Letters").sum(),
        write_throttles: values("WriteThrottles").sum(),
        systemic_failures: values("SystemicFailure").sum(),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and milliseconds, none negative, none near 2^53")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_the_functions_own_in_whole_periods_up_to_now() {
        let variables =
            [("TABLE", "Items"), ("DLQ_URL", "http://q/1/q"), ("MAPPING", "document"), ("POWERTOOLS_METRICS_NAMESPACE", "ours")];
        let look_up = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let settings = Settings::parse(look_up, |_| Err(std::io::ErrorKind::NotFound.into())).unwrap();
        let query = query(Source { function: "f", settings: &settings }, UNIX_EPOCH + Duration::from_secs(36_010));
        assert_eq!((&query["StartTime"], &query["EndTime"]), (&json!(32_700), &json!(36_300)));
        let asked =
            |id: &str| query["MetricDataQueries"].as_array().unwrap().iter().find(|query| query["Id"] == id).unwrap()["MetricStat"].clone();
        let age = json!({"Namespace": "AWS/Lambda", "MetricName": "IteratorAge", "Dimensions": [{"Name": "FunctionName", "Value": "f"}]});
        assert_eq!(asked("iteratorage"), json!({"Metric": age, "Period": 300, "Stat": "Maximum"}));
        let limit = json!({"Namespace": "ours", "MetricName": "OverLimit", "Dimensions": [{"Name": "service", "Value": "persist"}]});
        assert_eq!(asked("overlimit"), json!({"Metric": limit, "Period": 300, "Stat": "Sum"}));
    }

    #[test]
    fn sums_are_of_all_values_and_the_lag_is_the_latest() {
        let result = |id: &str, values: Value| json!({"Id": id, "Label": id, "StatusCode": "Complete", "Values": values});
        let results = [result("iteratorage", json!([7.4, 900.0])), result("persisted", json!([3.0, 4.0])), result("letters", json!([]))];
        let metrics = read(&json!({"MetricDataResults": results})).unwrap();
        assert_eq!((metrics.iterator_age_ms, metrics.lag_max_ms, metrics.letters), (Some(7), None, 0));
        assert_eq!((metrics.outcomes["persisted"], metrics.outcomes["retry"]), (7, 0));
    }

    #[test]
    fn an_answer_that_is_not_whole_is_told() {
        let forbidden = json!({"MetricDataResults": [{"Id": "letters", "Label": "Letters", "StatusCode": "Forbidden", "Values": []}]});
        assert_eq!(read(&forbidden).unwrap_err(), r#"the metric "Letters" is "Forbidden""#);
        assert!(read(&json!({})).is_err());
    }
}
