//! template.yaml is held against the function `ingest`: permissions, settings, time-outs.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;
use tablefeed::settings::SETTINGS;
use tablefeed_ingest::app::APP;
use tablefeed_ingest::{Home, INGEST_SETTINGS, IngestSettings};
use tablefeed_local::{Fault, Rule};

use crate::world::World;

/// Letters for faults that pass need keys that follow from the identity.
const BY_IDENTITY: &str = r#"{"key":{"partition":"key"},"types":{"key":"S"},"item":{"key":"{@id}"},"rest":"keep"}"#;

fn template() -> Value {
    serde_yaml_ng::from_str(include_str!("../../../template.yaml")).unwrap()
}

fn function() -> Value {
    template()["Resources"]["Ingest"]["Properties"].clone()
}

/// The actions that the role allows, with letters or without.
fn allowed(letters: bool) -> BTreeSet<String> {
    let role = template()["Resources"]["IngestRole"]["Properties"].clone();
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap().clone();
    let chosen = statements.into_iter().map(|statement| match statement {
        Value::Tagged(choice) => {
            assert_eq!(choice.value[0], "IngestSendsLetters");
            choice.value[if letters { 1 } else { 2 }].clone()
        }
        plain => plain,
    });
    let actions = chosen.flat_map(|statement| match statement.get("Action") {
        Some(Value::Sequence(actions)) => actions.clone(),
        one => one.cloned().into_iter().collect(),
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The actions that a server under these settings needs for health, and for a document that the table does not take.
async fn used(changes: &[(&str, &str)]) -> BTreeSet<String> {
    let world = World::new().await;
    let server = world.serve(changes).await;
    assert_eq!(world.get(&server, "health/ready").await.status, 200);
    assert_eq!(world.post(&server, &[], "{}").await.status, 204);
    world.fault(Rule::new(Fault::error(500, "InternalServerError", "")).operation("BatchWriteItem"));
    world.post(&server, &[], "{}").await;
    world.aws.recorder().iam_actions(Some(APP)).into_iter().collect()
}

#[tokio::test]
async fn ingest_uses_exactly_the_actions_that_it_is_allowed() {
    assert_eq!(used(&[("REQUEST_TIMEOUT_MS", "500")]).await, allowed(false));
}

#[tokio::test]
async fn and_with_letters() {
    let letters = [("REQUEST_TIMEOUT_MS", "2500"), ("MAPPING", BY_IDENTITY), ("WRITE_FAILURES", "dlq")];
    assert_eq!(used(&letters).await, allowed(true));
}

#[test]
fn every_name_in_the_environment_is_a_setting_and_every_default_is_accepted() {
    let (template, variables) = (template(), function()["Environment"]["Variables"].clone());
    let variables = variables.as_mapping().unwrap();
    for name in variables.keys().map(|name| name.as_str().unwrap()) {
        assert!(SETTINGS.iter().chain(INGEST_SETTINGS).any(|setting| setting.name == name), "{name} is no setting");
    }
    let value = |name: &str| match variables.get(name)? {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let default = &template["Parameters"][tagged.value.as_str()?]["Default"];
            Some(default.as_str().unwrap().to_owned())
        }
        // With the defaults the table is created and letters are not sent.
        Value::Tagged(tagged) if tagged.tag == "If" => match tagged.value[0].as_str()? {
            "CreatesIngestTable" => Some("Readings".to_owned()),
            _ => tagged.value[2].as_str().map(str::to_owned),
        },
        _ => Some("stack-ingest".to_owned()),
    };
    let settings = IngestSettings::parse(value, |path| std::fs::read_to_string(path), Home::Lambda).unwrap();
    let timeout = function()["Timeout"].as_u64().unwrap();
    assert!(settings.front.request_timeout.as_secs() < timeout);
    let created = &template["Resources"]["IngestTable"]["Properties"]["KeySchema"];
    assert_eq!(created.as_sequence().unwrap().len(), 1);
    assert_eq!(created[0]["AttributeName"], settings.function.mapping.key_schema().partition.name.as_str());
}
