//! template.yaml is held against the code: permissions, settings, time-outs, response types.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_yaml_ng::Value;
use tablefeed::aws::ATTEMPT_TIMEOUT;
use tablefeed::settings::{SETTINGS, Settings};

use crate::event::{Event, curated};
use crate::world::{BY_ID, FUNCTION, World};

fn template() -> Value {
    serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| {
        let value = untagged(value);
        let found = match name.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(name),
        };
        found.unwrap_or_else(|| panic!("template.yaml has no {path}"))
    })
}

/// The value under a short form such as `!If`.
fn untagged(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        other => other,
    }
}

/// The actions that the function's role allows it where these conditions of the template hold.
pub fn allowed(conditions: &[&str]) -> BTreeSet<String> {
    let template = template();
    let statements = at(&template, "Resources.PersistRole.Properties.Policies.0.PolicyDocument.Statement").as_sequence().unwrap();
    let chosen = statements.iter().map(|statement| match statement {
        Value::Tagged(choice) => {
            let name = choice.value[0].as_str().unwrap();
            assert!(["NamesBatch", "WritesNewest"].contains(&name), "{name}");
            choice.value[if conditions.contains(&name) { 1 } else { 2 }].clone()
        }
        plain => plain.clone(),
    });
    let actions = chosen.flat_map(|statement| match statement.get("Action") {
        Some(Value::Sequence(actions)) => actions.clone(),
        one => one.cloned().into_iter().collect(),
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_function_uses_exactly_the_actions_that_it_is_allowed_with_a_batch_id() {
    let world = World::new().await;
    world.invoke(&[], &Event::of([curated(1), "poison".into()])).await;
    assert_eq!(world.aws.recorder().iam_actions(Some(FUNCTION)).into_iter().collect::<BTreeSet<_>>(), allowed(&["NamesBatch"]));
}

#[tokio::test]
async fn and_without_one() {
    let world = World::for_mapping(BY_ID).await;
    world.invoke(&[("MAPPING", BY_ID), ("LATEST_BATCH_ID", "")], &Event::of([r#"{"id":"a"}"#, "poison"])).await;
    assert_eq!(world.aws.recorder().iam_actions(Some(FUNCTION)).into_iter().collect::<BTreeSet<_>>(), allowed(&[]));
}

#[tokio::test]
async fn and_with_a_table_of_another_account() {
    let world = World::new().await;
    let arn = "arn:aws:dynamodb:us-east-1:210987654321:table/CuratedRecords";
    world.invoke(&[("TABLE", arn)], &Event::of([curated(1), "poison".into()])).await;
    assert_eq!(world.aws.recorder().iam_actions(Some(FUNCTION)).into_iter().collect::<BTreeSet<_>>(), allowed(&["NamesBatch"]));
}

#[tokio::test]
async fn and_when_only_the_newest_is_written() {
    let mapping = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "delete": {"gone": [true]}}"#;
    let world = World::for_mapping(mapping).await;
    let event = Event::of([r#"{"id":"a"}"#, r#"{"id":"b","gone":true}"#, "poison"]);
    world.invoke(&[("MAPPING", mapping), ("LATEST_BATCH_ID", ""), ("WRITE_MODE", "newest")], &event).await;
    assert_eq!(world.aws.recorder().iam_actions(Some(FUNCTION)).into_iter().collect::<BTreeSet<_>>(), allowed(&["WritesNewest"]));
}

#[test]
fn partial_batch_responses_are_on_and_nothing_gives_records_up_early() {
    let template = template();
    let esm = at(&template, "Resources.Persist.Properties.Events.FromStream.Properties");
    assert_eq!(at(esm, "FunctionResponseTypes"), &Value::from(vec!["ReportBatchItemFailures"]));
    assert_eq!(at(esm, "BisectBatchOnFunctionError"), &Value::from(true));
    assert_eq!(at(esm, "MaximumRetryAttempts"), &Value::from(-1));
    assert_eq!(at(esm, "DestinationConfig.OnFailure.Type"), &Value::from("S3"));
    assert_eq!(at(esm, "MetricsConfig.Metrics"), &Value::from(vec!["EventCount"]));
}

#[test]
fn every_name_in_the_environment_is_a_setting_and_every_default_is_accepted() {
    let template = template();
    let variables = at(&template, "Resources.Persist.Properties.Environment.Variables").as_mapping().unwrap();
    let names: Vec<&str> = variables.keys().map(|name| name.as_str().unwrap()).collect();
    assert!(names.len() > 10);
    for name in &names {
        assert!(SETTINGS.iter().any(|setting| setting.name == *name), "{name} is no setting");
    }
    for required in ["TABLE", "DLQ_URL", "LATEST_BATCH_ID", "MAPPING"] {
        assert!(names.contains(&required), "{required} is not set");
    }
    let value = |name: &str| match variables.get(name)? {
        Value::Tagged(tagged) if tagged.tag == "Ref" => match tagged.value.as_str()? {
            "AWS::StackName" => Some("stack".to_owned()),
            "Letters" => Some("https://sqs.us-east-1.amazonaws.com/123456789012/letters".to_owned()),
            parameter => Some(text(at(&template, &format!("Parameters.{parameter}.Default")))),
        },
        Value::Tagged(_) => Some("CuratedRecords".to_owned()),
        plain => Some(text(plain)),
    };
    Settings::parse(value, |path| std::fs::read_to_string(path)).unwrap();
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("{other:?} is no parameter's default"),
    }
}

#[test]
fn the_function_has_time_for_attempts_that_hang() {
    let template = template();
    let timeout = at(&template, "Parameters.TimeoutSeconds.Default").as_u64().unwrap();
    assert!(Duration::from_secs(timeout) >= ATTEMPT_TIMEOUT * 4, "{timeout} s");
    let least = at(&template, "Parameters.TimeoutSeconds.MinValue").as_u64().unwrap();
    assert!(Duration::from_secs(least) > ATTEMPT_TIMEOUT, "{least} s");
}
