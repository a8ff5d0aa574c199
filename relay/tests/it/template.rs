//! template.yaml is held against the function `relay`: permissions, settings, time-outs.

use serde_json::json;
use serde_yaml_ng::Value;
use tablefeed_local::{Config, Embedded};
use tablefeed_relay::function::{FUNCTION_SETTINGS, parse_settings};

use crate::receiver::{Receiver, Reply};
use crate::runtime::Lambda;

fn template() -> Value {
    serde_yaml_ng::from_str(include_str!("../../../template.yaml")).unwrap()
}

fn function() -> Value {
    template()["Resources"]["Relay"]["Properties"].clone()
}

/// A plain value, or what a tag such as `!Ref` stands before.
fn under<'v>(value: &'v Value, tag: &str) -> Option<&'v Value> {
    match value {
        Value::Tagged(tagged) if tagged.tag == tag => Some(&tagged.value),
        _ => None,
    }
}

#[tokio::test]
async fn the_function_calls_nothing_of_aws_and_its_role_allows_it_nothing_of_its_own() {
    let aws = Embedded::start(Config::default()).await.unwrap();
    let receiver = Receiver::start(|_, request| Reply::status(if request.sequences().contains(&3) { 400 } else { 200 })).await;
    let settings = [
        ("URL", receiver.url.as_str()),
        ("AWS_ENDPOINT_URL", aws.endpoint()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let mut lambda = Lambda::start(&settings).await;
    assert_eq!(lambda.invoke(&[1, 2]).await.1, json!({"batchItemFailures": []}));
    assert_eq!(lambda.invoke(&[2, 3]).await.1, json!({"batchItemFailures": [{"itemIdentifier": "3"}]}));
    assert_eq!(lambda.invoke(&[3, 4]).await.0, "error");
    assert!(aws.recorder().iam_actions(None).is_empty());

    let policies = template()["Resources"]["RelayRole"]["Properties"]["Policies"].as_sequence().unwrap().clone();
    let [policy] = policies.as_slice() else { panic!("{policies:?}") };
    // On behalf of Lambda, which reads the stream and stores what it gave up on.
    assert_eq!(policy["PolicyName"], "behalf");
}

#[test]
fn every_name_in_the_environment_is_a_setting_and_every_default_is_accepted() {
    let (template, function) = (template(), function());
    let variables = function["Environment"]["Variables"].as_mapping().unwrap();
    for name in variables.keys().map(|name| name.as_str().unwrap()) {
        assert!(FUNCTION_SETTINGS.iter().any(|setting| setting.name == name), "{name} is no setting");
    }
    let value = |name: &str| {
        let parameter = under(variables.get(name)?, "Ref")?.as_str()?;
        match &template["Parameters"][parameter]["Default"] {
            Value::Number(number) => Some(number.to_string()),
            // The one that must be given.
            text if name == "URL" => text.as_str().filter(|text| text.is_empty()).map(|_| "https://example.com/".to_owned()),
            text => text.as_str().map(str::to_owned),
        }
    };
    let declaration = parse_settings(value).unwrap().declaration;
    let (most, batch) = (&template["Parameters"]["RelayBatchSize"], function["Events"]["FromTable"]["Properties"]["BatchSize"].clone());
    assert_eq!(under(&batch, "Ref").unwrap(), "RelayBatchSize");
    assert_eq!(most["Default"].as_u64().unwrap(), declaration.batch.max_records as u64);
    assert!(parse_settings(|name| if name == "MAX_RECORDS" { Some(most["MaxValue"].as_u64()?.to_string()) } else { value(name) }).is_ok());
    // Time for a try that is not answered, and for another.
    assert!(declaration.timeout.as_secs() * 2 < function["Timeout"].as_u64().unwrap());
}
