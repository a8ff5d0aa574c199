//! The line of metrics: valid for CloudWatch whatever happened, and true.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tablefeed_local::{Fault, Rule, Select};

use crate::event::{Event, curated};
use crate::world::{BY_ID, Seen, World};

const TABLE_ARN: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/CuratedRecords";
const WRITE: &str = "BatchWriteItem";
/// The units of the API reference's MetricDatum that are used here.
const UNITS: [&str; 4] = ["Count", "Bytes", "Seconds", "Milliseconds"];

/// Holds a line to "Specification: Embedded metric format" of CloudWatch, and returns its metrics.
pub fn check(line: &str) -> BTreeMap<String, i64> {
    assert!(!line.contains('\n') && line.len() <= 1 << 20, "{line}");
    let line: Value = serde_json::from_str(line).unwrap();
    let time = Duration::from_millis(line["_aws"]["Timestamp"].as_u64().unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(time) < Duration::from_secs(3600), "{time:?} is not now, in milliseconds");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert!(directives.len() == 1 && !directives[0]["Namespace"].as_str().unwrap().is_empty());
    for dimension in directives[0]["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
        assert!(!line[dimension.as_str().unwrap()].as_str().unwrap().is_empty(), "{dimension}");
    }
    assert_eq!(directives[0]["Dimensions"], serde_json::json!([["service"]]));
    let declared = directives[0]["Metrics"].as_array().unwrap();
    let metrics: BTreeMap<String, i64> = declared
        .iter()
        .map(|metric| {
            assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()), "{metric}");
            let name = metric["Name"].as_str().unwrap();
            let value = line[name].as_f64().unwrap_or_else(|| panic!("{name} has no value"));
            (name.to_owned(), value.to_string().parse().expect("everything here is counted in whole ones"))
        })
        .collect();
    assert!(declared.len() <= 100 && metrics.len() == declared.len(), "each is declared once");
    assert_eq!(line.as_object().unwrap().len(), metrics.len() + 3, "every other member is `_aws`, `service` or `function_request_id`");
    metrics
}

fn metrics(seen: &Seen) -> BTreeMap<String, i64> {
    check(&seen.handled.report.metrics().unwrap())
}

/// The values of some metrics; of one that is not there, -1.
fn values<const N: usize>(seen: &Seen, names: [&str; N]) -> [i64; N] {
    let metrics = metrics(seen);
    names.map(|name| metrics.get(name).copied().unwrap_or(-1))
}

#[tokio::test]
async fn what_was_read_written_and_sent_is_counted() {
    let world = World::new().await;
    let texts = [curated(0), format!("[{}, {}]", curated(1), curated(2)), "poison".to_owned()];
    let seen = world.invoke(&[], &Event::of(&texts)).await;
    assert_eq!(values(&seen, ["Records", "Documents", "Persisted", "Rejected"]), [3, 4, 3, 1]);
    assert_eq!(values(&seen, ["Letters", "Letters.bad_json", "Letters.bad_utf8"]), [1, 1, -1]);
    assert_eq!(values(&seen, ["WriteRequests", "QueueRequests", "BatchIdRequests", "SystemicFailure"]), [1, 1, 1, 0]);
    let bytes = i64::try_from(texts.concat().len()).unwrap();
    // A unit for each item in the table, and one in its index.
    assert_eq!(values(&seen, ["Bytes", "DecompressedBytes", "WriteUnits"]), [bytes, bytes, 6]);
    let [age, p50, max] = values(&seen, ["BatchIdAge", "LagP50", "LagMax"]);
    assert!((0..60).contains(&age) && p50 > 0 && max >= p50, "{age} {p50} {max}");
    assert!(!metrics(&seen).keys().any(|name| name.starts_with("WriteThrottles.")));
}

#[tokio::test]
async fn single_writes_and_deletions_tell_their_units_too() {
    let mapping = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "delete": {"gone": [true]}}"#;
    for mode in ["put", "newest"] {
        let world = World::for_mapping(mapping).await;
        let changes = [("MAPPING", mapping), ("WRITE_MODE", mode)];
        let large = format!(r#"{{"id":"a","text":"{}"}}"#, "x".repeat(1500));
        let seen = world.invoke(&changes, &Event::of([large, r#"{"id":"b"}"#.to_owned()])).await;
        assert_eq!(values(&seen, ["Persisted", "WriteUnits"]), [2, 3], "{mode}");
        let event = Event::of([r#"{"id":"a"}"#, r#"{"id":"a","gone":true}"#, r#"{"id":"b","gone":true}"#]);
        let seen = world.invoke(&changes, &event).await;
        assert!(values(&seen, ["WriteUnits"])[0] >= 2, "{mode}");
    }
}

#[tokio::test]
async fn throttles_are_told_by_their_reasons() {
    let world = World::for_mapping(BY_ID).await;
    let (hot, index) = ("TableWriteKeyRangeThroughputExceeded", "IndexWriteProvisionedThroughputExceeded");
    let two = vec![
        (hot.to_owned(), TABLE_ARN.to_owned()),
        (index.to_owned(), format!("{TABLE_ARN}/index/i")),
        (hot.to_owned(), TABLE_ARN.to_owned()),
    ];
    for fault in [
        Fault::Throttle { code: "ThrottlingException".to_owned(), reasons: two },
        Fault::throttle(hot, TABLE_ARN),
        Fault::Throttle {
            code: "RequestLimitExceeded".to_owned(),
            reasons: vec![("TableWriteAccountLimitExceeded".to_owned(), TABLE_ARN.to_owned())],
        },
        Fault::error(400, "ProvisionedThroughputExceededException", "slow down"),
        Fault::Unprocessed(Select::All),
    ] {
        world.fault(Rule::new(fault).operation(WRITE).times(1));
    }
    let seen = world.invoke(&[("MAPPING", BY_ID)], &Event::of([r#"{"id":"a"}"#])).await;
    let throttles: Vec<(String, i64)> = metrics(&seen).into_iter().filter(|(name, _)| name.starts_with("WriteThrottles")).collect();
    let expected = [
        ("WriteThrottles", 5),
        ("WriteThrottles.IndexWriteProvisionedThroughputExceeded", 1),
        ("WriteThrottles.ProvisionedThroughputExceededException", 1),
        ("WriteThrottles.TableWriteAccountLimitExceeded", 1),
        ("WriteThrottles.TableWriteKeyRangeThroughputExceeded", 2),
    ];
    assert_eq!(throttles, expected.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(values(&seen, ["Persisted", "WriteRetries", "WriteRequests"]), [1, 5, 6]);
}

#[tokio::test]
async fn what_is_not_known_is_left_out_and_nothing_is_told_if_that_is_wanted() {
    let world = World::for_mapping(BY_ID).await;
    let seen = world.invoke(&[("MAPPING", BY_ID)], &Event::of([""; 0])).await;
    assert_eq!(values(&seen, ["Records", "BatchIdAge", "LagP50", "LagMax", "WriteUnits"]), [0, -1, -1, -1, 0]);
    let seen = world.invoke(&[("MAPPING", BY_ID), ("POWERTOOLS_METRICS_DISABLED", "true")], &Event::of([r#"{"id":"a"}"#])).await;
    assert_eq!(seen.handled.report.metrics(), None);
}
