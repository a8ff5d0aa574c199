//! `table`: tables from files, on the embedded AWS and on a server that misbehaves.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::laptop::{Laptop, Said};

/// A laptop with the shipped definitions in `tables/`.
pub fn laptop() -> Laptop {
    let laptop = Laptop::new();
    std::fs::create_dir(laptop.path().join("tables")).unwrap();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), laptop.path().join("tables").join(entry.file_name())).unwrap();
    }
    laptop
}

/// Everything that a definition may have.
fn full() -> Value {
    json!({
        "TableName": "Full",
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
            {"AttributeName": "b", "AttributeType": "B"}
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [{
            "IndexName": "ByN",
            "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
        }],
        "LocalSecondaryIndexes": [{
            "IndexName": "ByB",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"}
        }],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"Enabled": true, "SSEType": "KMS"},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
        "Tags": [{"Key": "team", "Value": "data"}],
        "TableClass": "STANDARD_INFREQUENT_ACCESS"
    })
}

fn ok(said: &Said) -> &str {
    assert_eq!(said.exit, 0, "{said:?}");
    &said.out
}

#[test]
fn every_shipped_table_is_created_once_and_again_without_harm() {
    let laptop = laptop();
    for (file, name) in [("domain", "Domain"), ("log", "Log"), ("quix", "Quix"), ("curated-records", "CuratedRecords")] {
        let file = format!("tables/{file}.json");
        assert_eq!(ok(&laptop.run(&["table", "create", &file])), format!("created {name}\n"));
        assert_eq!(ok(&laptop.run(&["table", "create", &file])), format!("{name} is there already, as {file} says\n"));
        assert_eq!(ok(&laptop.run(&["table", "diff", &file])), format!("{name} is as {file} says\n"));
    }
    assert_eq!(ok(&laptop.run(&["table", "list"])), "CuratedRecords\nDomain\nLog\nQuix\n");
    assert_eq!(laptop.json(&["table", "list", "--json"])[0], json!({"table": "CuratedRecords"}));
}

#[test]
fn everything_that_a_file_says_comes_back_from_the_table() {
    let laptop = Laptop::new();
    laptop.file("full.json", &full().to_string());
    ok(&laptop.run(&["table", "create", "full.json"]));
    ok(&laptop.run(&["table", "create", "full.json"]));
    let described: Value = serde_json::from_str(ok(&laptop.run(&["table", "describe", "Full", "--json"]))).unwrap();
    laptop.file("described.json", &described.to_string());
    assert_eq!(described["TimeToLiveSpecification"], full()["TimeToLiveSpecification"]);
    assert_eq!(described["LocalSecondaryIndexes"], full()["LocalSecondaryIndexes"]);
    ok(&laptop.run(&["table", "diff", "described.json"]));
    ok(&laptop.run(&["table", "create", "described.json", "--name", "Copy"]));
    let text = laptop.run(&["table", "describe", "full.json"]).out;
    assert!(text.contains("time to live           attribute expires\n"), "{text}");
}

#[test]
fn a_resource_of_cloudformation_is_a_definition_in_json_and_in_yaml() {
    let laptop = Laptop::new();
    let mut properties = full();
    properties["SSESpecification"] = json!({"SSEEnabled": true, "SSEType": "KMS"});
    properties["StreamSpecification"] = json!({"StreamViewType": "NEW_IMAGE"});
    properties["PointInTimeRecoverySpecification"] = json!({"PointInTimeRecoveryEnabled": true});
    laptop.file("resource.json", &json!({"Type": "AWS::DynamoDB::Table", "Properties": properties}).to_string());
    laptop.file("full.json", &full().to_string());
    let created = laptop.run(&["table", "create", "resource.json"]);
    assert_eq!(ok(&created), "created Full\n");
    assert!(created.err.contains("PointInTimeRecoverySpecification is left as it is"), "{created:?}");
    ok(&laptop.run(&["table", "diff", "full.json"]));

    let yaml = "Type: AWS::DynamoDB::Table\nProperties:\n  TableName: Yaml\n  BillingMode: PAY_PER_REQUEST\n  \
                AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n  KeySchema: [{AttributeName: id, KeyType: HASH}]\n";
    laptop.file("table.yaml", yaml);
    assert_eq!(ok(&laptop.run(&["table", "create", "table.yaml"])), "created Yaml\n");
    laptop.file("ref.yaml", &yaml.replace("TableName: Yaml", "TableName: !Ref Name"));
    let refused = laptop.run(&["table", "create", "ref.yaml"]);
    assert!(refused.exit == 2 && refused.err.contains("CloudFormation"), "{refused:?}");
}

#[test]
fn a_table_that_differs_is_told_refused_and_left_as_it_is() {
    let laptop = laptop();
    ok(&laptop.run(&["table", "create", "tables/log.json"]));
    ok(&laptop.run(&["item", "put", "Log", r#"{"key": "1", "status": "INFO"}"#]));
    let changed = std::fs::read_to_string(laptop.path().join("tables/log.json")).unwrap().replace("\"ALL\"", "\"KEYS_ONLY\"");
    laptop.file("log.json", &changed);
    let difference = "index Status: projection: the file says KEYS_ONLY, the table has ALL";
    let refused = laptop.run(&["table", "create", "log.json"]);
    assert_eq!(refused.exit, 3, "{refused:?}");
    assert!(refused.err.contains(difference) && refused.err.contains("Nothing was changed"), "{refused:?}");
    let diff = laptop.run(&["table", "diff", "log.json"]);
    assert_eq!((diff.exit, diff.out), (3, format!("{difference}\n")));
    assert_eq!(laptop.run(&["table", "diff", "tables/log.json"]).exit, 0);
    let absent = laptop.run(&["table", "diff", "tables/domain.json"]);
    assert!(absent.exit == 3 && absent.out.contains("there is no table Domain"), "{absent:?}");

    let mut expiring: Value = serde_json::from_str(&changed.replace("KEYS_ONLY", "ALL")).unwrap();
    expiring["TimeToLiveSpecification"] = json!({"AttributeName": "expires", "Enabled": true});
    laptop.file("expiring.json", &expiring.to_string());
    let refused = laptop.run(&["table", "create", "expiring.json"]);
    assert!(refused.exit == 3 && refused.err.contains("time to live"), "a table with items does not begin to expire unasked: {refused:?}");
}

#[test]
fn a_creation_that_was_cut_short_before_the_time_to_live_is_finished() {
    let laptop = laptop();
    ok(&laptop.run(&["table", "create", "tables/domain.json"]));
    let mut expiring: Value = serde_json::from_str(&std::fs::read_to_string(laptop.path().join("tables/domain.json")).unwrap()).unwrap();
    expiring["TimeToLiveSpecification"] = json!({"AttributeName": "expires", "Enabled": true});
    laptop.file("expiring.json", &expiring.to_string());
    ok(&laptop.run(&["table", "create", "expiring.json"]));
    ok(&laptop.run(&["table", "diff", "expiring.json"]));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place_before_any_call() {
    let laptop = laptop();
    let log = std::fs::read_to_string(laptop.path().join("tables/log.json")).unwrap();
    for (from, to, expected) in [
        ("BillingMode", "BilingMode", "bad.json: /BilingMode is no member of a table's definition: did you mean `BillingMode`?"),
        ("\"ProjectionType\"", "\"ProjektionType\"", "/GlobalSecondaryIndexes/0/Projection/ProjektionType is no member"),
        (
            "\"AttributeName\": \"status\", \"KeyType\"",
            "\"AttributeName\": \"state\", \"KeyType\"",
            "is `state`, which AttributeDefinitions",
        ),
        ("\"TableName\": \"Log\",", "", "/TableName is missing; or give a name by --name"),
        ("\"TableName\"", "TableName", "bad.json: the definition is not JSON: "),
    ] {
        assert!(log.contains(from), "{from}");
        laptop.file("bad.json", &log.replace(from, to));
        let said = laptop.run(&["table", "create", "bad.json", "--endpoint-url", "http://127.0.0.1:1"]);
        assert!(said.exit == 2 && said.err.contains(expected), "{expected}: {said:?}");
    }
    let none = laptop.run(&["table", "create", "none.json"]);
    assert!(none.exit == 2 && none.err.starts_with("error: none.json: "), "{none:?}");
}

#[test]
fn a_table_is_deleted_only_when_that_is_meant() {
    let laptop = laptop();
    ok(&laptop.run(&["table", "create", "tables/domain.json"]));
    let unasked = laptop.run(&["table", "delete", "Domain"]);
    assert!(unasked.exit == 2 && unasked.err.contains("use --yes"), "{unasked:?}");
    assert_eq!(ok(&laptop.run(&["table", "list"])), "Domain\n");
    assert_eq!(ok(&laptop.run(&["table", "delete", "tables/domain.json", "--yes"])), "deleted Domain\n");
    assert_eq!(ok(&laptop.run(&["table", "list"])), "");
    let again = laptop.run(&["table", "delete", "Domain", "--yes"]);
    assert!(again.exit == 2 && again.err.contains("there is no table Domain"), "{again:?}");
    let described = laptop.run(&["table", "describe", "Domain"]);
    assert!(described.exit == 2 && described.err.contains("there is no table Domain"), "{described:?}");
}

#[test]
fn of_many_that_create_a_table_at_once_one_does_and_all_are_content() {
    let laptop = laptop();
    let mut expiring: Value = serde_json::from_str(&std::fs::read_to_string(laptop.path().join("tables/log.json")).unwrap()).unwrap();
    expiring["TimeToLiveSpecification"] = json!({"AttributeName": "expires", "Enabled": true});
    laptop.file("expiring.json", &expiring.to_string());
    let emulator = crate::emulate::Emulator::start(&laptop, &["--memory"]);
    let create = || laptop.run(&["table", "create", "expiring.json", "--endpoint-url", emulator.endpoint()]);
    let said: Vec<Said> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..6).map(|_| scope.spawn(create)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(said.iter().all(|said| said.exit == 0), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.out == "created Log\n").count(), 1, "{said:?}");
}

const CREATING: &str = r#"{"Table":{"TableName":"Log","TableStatus":"CREATING"}}"#;
const ABSENT: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"absent"}"#;

#[test]
fn a_table_that_stays_creating_is_given_up_with_a_clear_word() {
    let laptop = laptop();
    let fake = Fake::start(|operation, _| match operation {
        "DescribeTable" => (200, CREATING.to_owned()),
        other => panic!("{other} while the table is CREATING"),
    });
    let said = laptop.run(&["table", "create", "tables/log.json", "--wait", "1", "--endpoint-url", fake.url()]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.err.contains("table Log is CREATING and did not become ACTIVE in 1 s; look again later"), "{said:?}");
}

#[test]
fn a_table_that_is_creating_is_waited_for() {
    let laptop = laptop();
    let active = CREATING.replace("CREATING", "ACTIVE").replace(
        "}}",
        concat!(
            r#","TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Log","BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"},"#,
            r#""KeySchema":[{"AttributeName":"key","KeyType":"HASH"}],"#,
            r#""AttributeDefinitions":[{"AttributeName":"key","AttributeType":"S"},{"AttributeName":"status","AttributeType":"S"}],"#,
            r#""GlobalSecondaryIndexes":[{"IndexName":"Status","IndexStatus":"STATE","Projection":{"ProjectionType":"ALL"},"#,
            r#""KeySchema":[{"AttributeName":"status","KeyType":"HASH"}]}]}}"#
        ),
    );
    let fake = Fake::start(move |operation, count| match (operation, count) {
        ("DescribeTable", 0) => (400, ABSENT.to_owned()),
        ("CreateTable", 0) => (400, r#"{"__type":"x#ResourceInUseException","message":"another was faster"}"#.to_owned()),
        ("DescribeTable", 1 | 2) => (200, CREATING.to_owned()),
        ("DescribeTable", 3) => (200, active.replace("STATE", "CREATING")),
        ("DescribeTable", _) => (200, active.replace("STATE", "ACTIVE")),
        ("DescribeTimeToLive", _) => (200, r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#.to_owned()),
        ("ListTagsOfResource", _) => (200, r#"{"Tags":[]}"#.to_owned()),
        other => panic!("{other:?}"),
    });
    let said = laptop.run(&["table", "create", "tables/log.json", "--endpoint-url", fake.url()]);
    assert_eq!(ok(&said), "Log is there already, as tables/log.json says\n");
    assert!(fake.count("DescribeTable") >= 5, "it waits for the index, too");
}

#[test]
fn a_creation_that_is_denied_or_refused_is_told() {
    let laptop = laptop();
    let answer = |code: &'static str| {
        Fake::start(move |operation, _| match operation {
            "DescribeTable" => (400, ABSENT.to_owned()),
            _ => (400, format!(r#"{{"__type":"com.amazon.coral.service#{code}","message":"not for you"}}"#)),
        })
    };
    let denied = answer("AccessDeniedException");
    let said = laptop.run(&["table", "create", "tables/log.json", "--endpoint-url", denied.url()]);
    assert_eq!((said.exit, said.err.as_str()), (1, "error: table Log cannot be created: AccessDeniedException: not for you\n"));
    let refused = answer("ValidationException");
    let said = laptop.run(&["table", "create", "tables/log.json", "--endpoint-url", refused.url()]);
    assert_eq!((said.exit, said.err.as_str()), (2, "error: table Log cannot be created: ValidationException: not for you\n"));
}
