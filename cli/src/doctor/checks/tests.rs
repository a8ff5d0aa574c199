use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tablefeed::parameter::Parameter;
use tablefeed::settings::Settings;
use tablefeed::table::Definition;

use super::*;
use crate::doctor::deployment::{Function, Queue, Sample, Stream};

const DAY: u64 = 86_400;

fn settings(more: &[(&str, &str)]) -> Settings {
    let base = [("TABLE", "CuratedRecords"), ("DLQ_URL", "http://127.0.0.1/1/letters"), ("LATEST_BATCH_ID", "/batch")];
    let all: BTreeMap<&str, &str> = base.iter().chain(more).copied().collect();
    Settings::parse(|name| all.get(name).map(|value| (*value).to_owned()), |_| Err(std::io::ErrorKind::NotFound.into())).unwrap()
}

fn feed() -> Feed {
    Feed {
        id: "id".into(),
        state: "Enabled".into(),
        last_result: None,
        batch_size: 1000,
        window_seconds: 1,
        parallelization: 1,
        reports: true,
        attempts: None,
        max_age_seconds: Some(167 * 3600),
        destination: Some("arn:aws:s3:::failed".into()),
        stream_name: "records".into(),
        stream: Ok(Stream { retention_hours: 168, shards: 2, max_record_kib: 1024 }),
        sample: Err(Unseen::NotPart),
    }
}

/// As template.yaml deploys it.
fn good() -> Deployment {
    let function = Function { name: "persist".into(), timeout_seconds: 60, memory_mib: 512, variables: BTreeMap::new() };
    let now = SystemTime::now();
    Deployment {
        function: Ok(function),
        problems: Vec::new(),
        settings: Ok(settings(&[])),
        feeds: Ok(vec![feed()]),
        table: Ok(Definition::curated_records("CuratedRecords").unwrap()),
        queue: Ok(Queue { url: "http://q".into(), max_message_bytes: Some(1_048_576), retention_seconds: Some(14 * DAY) }),
        parameter: Ok(Parameter { value: "batch-7".into(), since: Some(now) }),
        now,
        stale_after: Duration::from_secs(7 * DAY),
        aws: "aws".into(),
        again: String::new(),
    }
}

/// The codes of what is found after a change.
fn found(change: impl FnOnce(&mut Deployment)) -> Vec<&'static str> {
    let mut deployment = good();
    change(&mut deployment);
    let found = CHECKS.iter().filter(|check| match check.of(&deployment) {
        Verdict::Looked(troubles) => !troubles.is_empty(),
        Verdict::NothingToLookAt => false,
        Verdict::CouldNot(why) => panic!("{}: {why}", check.code),
    });
    found.map(|check| check.code).collect()
}

fn found_in_feed(change: impl FnOnce(&mut Feed)) -> Vec<&'static str> {
    found(|deployment| change(&mut deployment.feeds.as_mut().unwrap()[0]))
}

fn found_in_stream(change: impl FnOnce(&mut Stream)) -> Vec<&'static str> {
    found_in_feed(|feed| change(feed.stream.as_mut().unwrap()))
}

fn found_with(more: &[(&str, &str)]) -> Vec<&'static str> {
    found(|deployment| {
        deployment.settings = Ok(settings(more));
        let settings = deployment.settings.as_ref().unwrap();
        // Another mapping has a table of its own.
        if more.iter().any(|(name, _)| ["MAPPING", "PARTITION_KEY"].contains(name)) {
            deployment.table = Ok(Definition::of_mapping("T", &settings.mapping));
        }
    })
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_good_deployment_has_nothing_and_codes_are_unique() {
    assert_eq!(found(|_| ()), NOTHING);
    let codes: std::collections::BTreeSet<&str> = CHECKS.iter().map(|check| check.code).collect();
    assert_eq!(codes.len(), CHECKS.len());
}

#[test]
fn the_checkpoint_is_heeded_and_the_source_is_on() {
    assert_eq!(found_in_feed(|feed| feed.reports = false), ["report-missing"]);
    assert_eq!(found_in_feed(|feed| feed.state = "Disabled".into()), ["source-disabled"]);
    assert_eq!(found_in_feed(|feed| feed.state = "Enabling".into()), NOTHING);
    assert_eq!(found(|deployment| deployment.feeds = Ok(Vec::new())), ["source-missing"]);
    assert_eq!(found(|deployment| deployment.feeds = Err(Unseen::NotPart)), NOTHING, "Kafka feeds it");
    assert_eq!(found_in_feed(|feed| feed.stream = Err(Unseen::Absent)), ["stream-missing"]);
}

#[test]
fn records_are_given_up_neither_too_early_nor_too_late() {
    assert_eq!(found_in_feed(|feed| feed.attempts = Some(0)), ["attempts-limited"]);
    assert_eq!(found_in_feed(|feed| feed.destination = None), ["no-destination"]);
    for (age, code) in [(3600, "age-limited"), (166 * 3600, "age-limited"), (168 * 3600, "age-past-retention")] {
        assert_eq!(found_in_feed(|feed| feed.max_age_seconds = Some(age)), [code], "{age}");
    }
    assert_eq!(found_in_feed(|feed| feed.max_age_seconds = None), ["age-past-retention"]);
    // Lambda counts to a week, whatever the stream keeps.
    let in_long_stream = |age| {
        found_in_feed(|feed| {
            feed.max_age_seconds = age;
            feed.stream.as_mut().unwrap().retention_hours = 336;
        })
    };
    assert_eq!(in_long_stream(Some(7 * DAY)), NOTHING);
    assert_eq!(in_long_stream(None), ["age-past-retention"]);
}

#[test]
fn the_function_has_time_for_an_attempt_and_memory_for_an_event() {
    let with = |timeout_seconds, memory_mib, more: &[(&str, &str)], batch_size| {
        found(|deployment| {
            let function = deployment.function.as_mut().unwrap();
            (function.timeout_seconds, function.memory_mib) = (timeout_seconds, memory_mib);
            deployment.settings = Ok(settings(more));
            deployment.feeds.as_mut().unwrap()[0].batch_size = batch_size;
        })
    };
    assert_eq!(with(4, 512, &[], 1000), ["timeout-short"]);
    assert_eq!(with(5, 512, &[], 1000), NOTHING);
    assert_eq!(with(60, 512, &[("DEADLINE_MARGIN_MS", "900000")], 1000), NOTHING, "never more than half");
    assert_eq!(with(6, 512, &[("DEADLINE_MARGIN_MS", "3000")], 1000), ["timeout-short"]);
    assert_eq!(with(60, 128, &[], 1000), ["memory-small"]);
    assert_eq!(with(60, 128, &[], 1), NOTHING);
    assert_eq!(with(60, 128, &[("MAX_EVENT_BYTES", "8388608")], 1000), NOTHING);
    assert_eq!(found(|deployment| deployment.function = Err(Unseen::Absent)), ["function-missing"]);
}

#[test]
fn settings_that_stop_the_function_or_are_hardly_meant_are_told() {
    assert_eq!(found_with(&[("PERSIST_RECORDS", "0")]), ["dry-run"]);
    assert_eq!(found_with(&[("PERSIST_RECORDS", "1")]), ["one-record"]);
    assert_eq!(found_with(&[("PERSIST_RECORDS", "2")]), NOTHING);
    assert_eq!(found_with(&[("WRITE_MODE", "newest")]), ["setting-risky"]);
    let problem = tablefeed::settings::Problem { name: "WRITE_CONCURRENCY", message: "is \"0\"".into() };
    assert_eq!(found(|deployment| deployment.problems = vec![problem]), ["setting"]);
    let variable = |name: &str| {
        let variables = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        found(|deployment| deployment.function.as_mut().unwrap().variables = variables)
    };
    assert_eq!(variable("PERSIST_RECORD"), ["setting-unknown"]);
    assert_eq!(variable("Dlq_Ulr"), ["setting-unknown"]);
    for own in ["PERSIST_RECORDS", "param_sort_key", "POWERTOOLS_LOG_LEVEL", "TABLE_ARN", "STAGE", "RUST_BACKTRACE"] {
        assert_eq!(variable(own), NOTHING, "{own}");
    }
}

#[test]
fn order_is_kept_by_one_way_by_the_partition_key_or_by_the_table() {
    let document = ("MAPPING", "document");
    assert_eq!(found_with(&[document]), ["order"]);
    let by = |item: &str| format!(r#"{{"key":{{"partition":"k"}},"types":{{"k":"S"}},"item":{{"k":"{item}"}}}}"#);
    assert_eq!(found_with(&[("MAPPING", &by("{@partition-key}"))]), NOTHING);
    assert_eq!(found_with(&[("MAPPING", &by("a-{@id}"))]), NOTHING);
    assert_eq!(found_with(&[("MAPPING", &by("{k|@partition-key}"))]), ["order"]);
    assert_eq!(found_with(&[document, ("WRITE_MODE", "newest")]), ["order"], "numbers of two shards do not compare");
    assert_eq!(found_with(&[document, ("WRITE_MODE", "newest"), ("ORDER_BY", "time")]), NOTHING);
    let one_shard = |parallelization, newest: bool| {
        found(|deployment| {
            let more: &[(&str, &str)] = if newest { &[document, ("WRITE_MODE", "newest")] } else { &[document] };
            deployment.settings = Ok(settings(more));
            deployment.table = Err(Unseen::NotPart);
            let feed = &mut deployment.feeds.as_mut().unwrap()[0];
            feed.parallelization = parallelization;
            feed.stream.as_mut().unwrap().shards = 1;
        })
    };
    assert_eq!(one_shard(1, false), NOTHING);
    assert_eq!(one_shard(2, false), ["order"]);
    assert_eq!(one_shard(2, true), NOTHING);
}

#[test]
fn the_table_has_the_mappings_key_and_types() {
    assert_eq!(found(|deployment| deployment.table = Err(Unseen::Absent)), ["table-missing"]);
    let created = |deployment: &mut Deployment| {
        deployment.table = Err(Unseen::Absent);
        deployment.settings = Ok(settings(&[("CREATE_TABLE", "true")]));
    };
    assert_eq!(found(created), NOTHING);
    let curated = include_str!("../../../../tables/curated-records.json");
    let changed = |from: &str, to: &str| {
        let text = curated.replace(from, to);
        assert_ne!(text, curated, "{from}");
        found(|deployment| deployment.table = Ok(Definition::parse(&text, None).unwrap()))
    };
    assert_eq!(changed("CurationRecordId", "Id"), ["table-key"]);
    assert_eq!(changed("\"DataTableName\", \"AttributeType\": \"S\"", "\"DataTableName\", \"AttributeType\": \"N\""), ["index-key"]);
    assert_eq!(changed("DataTableName", "Year"), ["index-undeclared"]);
}

#[test]
fn the_queue_takes_letters_and_keeps_them_no_longer_than_their_data() {
    let queue = |bytes, seconds| Ok(Queue { url: "http://q".into(), max_message_bytes: Some(bytes), retention_seconds: Some(seconds) });
    assert_eq!(found(|deployment| deployment.queue = Err(Unseen::Absent)), ["queue-missing"]);
    assert_eq!(found(|deployment| deployment.queue = queue(1_048_575, 7 * DAY)), ["queue-size"]);
    assert_eq!(found(|deployment| deployment.queue = queue(262_144, 14 * DAY)), ["queue-size", "letters-outlive-data"]);
    assert_eq!(found(|deployment| deployment.queue = queue(1_048_576, 7 * DAY - 1)), ["queue-retention"]);
    assert_eq!(found_in_stream(|stream| stream.max_record_kib = 10_240), ["letters-outlive-data"]);
    let short = |feed: &mut Feed| {
        feed.stream.as_mut().unwrap().retention_hours = 24;
        feed.max_age_seconds = Some(23 * 3600);
    };
    assert_eq!(found_in_feed(short), ["letters-outlive-data"]);
}

#[test]
fn the_batch_id_is_there_fit_young_and_seldom_asked_for() {
    let value = |value: &'static str, age| {
        move |deployment: &mut Deployment| {
            deployment.parameter = Ok(Parameter { value: value.to_owned(), since: deployment.now.checked_sub(Duration::from_secs(age)) });
        }
    };
    assert_eq!(found(|deployment| deployment.parameter = Err(Unseen::Absent)), ["batch-missing"]);
    assert_eq!(found(value("", 0)), ["batch-unfit"]);
    assert_eq!(found(value("b", 7 * DAY)), NOTHING);
    assert_eq!(found(value("b", 7 * DAY + 1)), ["batch-stale"]);
    assert_eq!(found_in_stream(|stream| stream.shards = 40), NOTHING);
    assert_eq!(found_in_stream(|stream| stream.shards = 41), ["batch-rate"]);
    assert_eq!(found_in_feed(|feed| (feed.window_seconds, feed.parallelization) = (0, 10)), NOTHING);
    assert_eq!(found_in_feed(|feed| (feed.window_seconds, feed.parallelization, feed.stream) = (0, 10, Ok(shards(5)))), ["batch-rate"]);
    assert_eq!(found_in_feed(|feed| (feed.window_seconds, feed.parallelization, feed.stream) = (5, 10, Ok(shards(5)))), NOTHING);
}

fn shards(shards: u64) -> Stream {
    Stream { retention_hours: 168, shards, max_record_kib: 1024 }
}

#[test]
fn a_filter_for_data_drops_what_is_no_json() {
    let sample = |sample| found_in_feed(|feed| feed.sample = Ok(sample));
    assert_eq!(sample(Sample { records: 9, ..Sample::default() }), NOTHING);
    assert_eq!(sample(Sample { records: 9, compressed: 1, ..Sample::default() }), ["filter-drops"]);
    assert_eq!(sample(Sample { records: 9, aggregated: 1, ..Sample::default() }), ["filter-drops"]);
}

#[test]
fn what_could_not_be_read_is_not_sound() {
    let mut deployment = good();
    deployment.queue = Err(Unseen::Failed("denied".into()));
    deployment.feeds.as_mut().unwrap()[0].stream = Err(Unseen::Failed("denied".into()));
    let not_made: Vec<&str> =
        CHECKS.iter().filter(|check| matches!(check.of(&deployment), Verdict::CouldNot(_))).map(|check| check.code).collect();
    let expected = [
        "age-limited",
        "age-past-retention",
        "stream-missing",
        "queue-missing",
        "queue-size",
        "queue-retention",
        "letters-outlive-data",
        "batch-rate",
    ];
    assert_eq!(not_made, expected);
}

#[test]
fn a_fix_leaves_the_other_variables_alone() {
    let mut deployment = good();
    assert_eq!(
        set_variable(&deployment, &["PERSIST_RECORDS"], None),
        "aws lambda get-function-configuration --function-name persist --query Environment --output json | jq 'del(.Variables.PERSIST_RECORDS)' > \
         environment.json && aws lambda update-function-configuration --function-name persist --environment file://environment.json"
    );
    deployment.function = Err(Unseen::NotPart);
    assert_eq!(set_variable(&deployment, &["WRITE_MODE"], Some("newest")), "tablefeed invoke FILE --set WRITE_MODE=newest");
}

#[test]
fn the_docs_show_every_check() {
    let row = |check: &Check| format!("| `{}` | {} | {} | {} |", check.code, check.severity.name(), check.looks_for, check.why);
    let table = CHECKS.iter().map(row).collect::<Vec<_>>().join("\n");
    assert!(include_str!("../../../../docs/doctor.md").contains(&table), "put this into docs/doctor.md:\n{table}");
}
