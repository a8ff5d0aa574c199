//! Definitions as people write them, good and bad, and how two of them differ.

use serde_json::{Value, json};

use super::*;

fn parse(value: &Value) -> Definition {
    Definition::parse(&value.to_string(), None).unwrap()
}

/// A definition with everything that there is.
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
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["y", "x"]},
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
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "DeletionProtectionEnabled": true
    })
}

/// The full definition after a change at a place; null takes the member away.
fn changed(pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut definition = full();
    let parent = definition.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Array(elements), value) => elements[name.parse::<usize>().unwrap()] = value,
        (Value::Object(members), Value::Null) => drop(members.remove(name)),
        (parent, value) => parent[name] = value,
    }
    definition
}

fn refusal(pointer: &str, value: Value) -> String {
    Definition::parse(&changed(pointer, value).to_string(), None).unwrap_err().to_string()
}

#[test]
fn everything_that_is_shipped_is_a_definition() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tables")).unwrap() {
        let path = entry.unwrap().path();
        let definition = Definition::parse(&std::fs::read_to_string(&path).unwrap(), None);
        assert!(definition.is_ok(), "{}: {definition:?}", path.display());
    }
}

#[test]
fn a_definition_becomes_a_request_and_a_file_again() {
    let definition = parse(&full());
    let body: Value = serde_json::from_str(&definition.body()).unwrap();
    assert_eq!(body, changed("/TimeToLiveSpecification", Value::Null));
    assert_eq!(definition.time_to_live.as_deref(), Some("expires"));
    assert_eq!(definition.file(), full());
    assert!(definition.is_global("ByN") && !definition.is_global("ByB"));
    assert_eq!(definition.key(Some("ByB")).unwrap().names().collect::<Vec<_>>(), ["id", "b"]);
}

#[test]
fn a_resource_of_cloudformation_and_its_properties_alone_are_the_same_definition() {
    let mut properties = full();
    properties["ProvisionedThroughput"]["ReadCapacityUnits"] = "5".into();
    properties["SSESpecification"] = json!({"SSEEnabled": "true", "SSEType": "KMS"});
    properties["StreamSpecification"] = json!({"StreamViewType": "NEW_IMAGE"});
    properties["PointInTimeRecoverySpecification"] = json!({"PointInTimeRecoveryEnabled": {"Ref": "Recover"}});
    let resource = json!({"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": properties});
    for value in [properties, resource] {
        let definition = parse(&value);
        assert_eq!(definition.file(), full());
        assert_eq!(definition.left_out, ["PointInTimeRecoverySpecification"]);
    }
}

#[test]
fn a_name_may_come_from_elsewhere() {
    let definition = Definition::parse(&changed("/TableName", Value::Null).to_string(), Some("Other")).unwrap();
    assert_eq!((definition.name.as_str(), definition.file()["TableName"].as_str()), ("Other", Some("Other")));
    assert_eq!(refusal("/TableName", Value::Null), "/TableName is missing");
    assert!(refusal("/TableName", json!("a b c")).starts_with("/TableName must have 3 to 255"));
}

#[test]
fn what_is_unknown_is_named_with_its_place_and_what_was_meant() {
    assert_eq!(refusal("/KeySchemas", json!([])), "/KeySchemas is no member of a table's definition: did you mean `KeySchema`?");
    assert_eq!(
        refusal("/GlobalSecondaryIndexes/0/Projection/ProjectionTyp", json!("ALL")),
        "/GlobalSecondaryIndexes/0/Projection/ProjectionTyp is no member of a table's definition: did you mean `ProjectionType`?"
    );
    assert!(refusal("/BillingMode", json!("PAY_PER_REQUESTS")).contains("/BillingMode cannot be `PAY_PER_REQUESTS`: did you mean"));
    assert!(refusal("/TableName", json!({"Ref": "Name"})).starts_with("/TableName is Ref, which only CloudFormation can resolve"));
    assert_eq!(
        refusal("/ProvisionedThroughput/ReadCapacityUnits", json!(1.5)),
        "/ProvisionedThroughput/ReadCapacityUnits must be a whole number"
    );
    let inside = json!({"Type": "AWS::DynamoDB::Table", "Properties": changed("/Stream", json!(1))});
    assert!(Definition::parse(&inside.to_string(), None).unwrap_err().to_string().starts_with("/Properties/Stream is no member"));
    let other = json!({"Type": "AWS::S3::Bucket", "Properties": {}});
    assert_eq!(Definition::parse(&other.to_string(), None).unwrap_err().to_string(), "/Type must be AWS::DynamoDB::Table");
    assert!(Definition::parse("{", None).unwrap_err().to_string().starts_with("the definition is not JSON: "));
}

#[test]
fn attributes_are_defined_exactly_where_keys_use_them() {
    let table = refusal("/KeySchema/0/AttributeName", json!("ID"));
    assert_eq!(table, "/KeySchema/0/AttributeName is `ID`, which AttributeDefinitions does not define; known are `id`, `n`, `b`");
    assert!(refusal("/GlobalSecondaryIndexes/0/KeySchema/0/AttributeName", json!("m")).contains("does not define"));
    assert!(refusal("/LocalSecondaryIndexes/0/KeySchema/1/AttributeName", json!("m")).contains("does not define"));
    assert!(refusal("/LocalSecondaryIndexes", Value::Null).starts_with("/AttributeDefinitions/2 defines `b`, which no key uses"));
    assert!(refusal("/AttributeDefinitions/1", json!({"AttributeName": "id", "AttributeType": "N"})).contains("defines `id` once more"));
}

#[test]
fn a_local_index_shares_the_tables_partition_key() {
    let other = refusal("/LocalSecondaryIndexes/0/KeySchema/0/AttributeName", json!("n"));
    assert!(other.starts_with("/LocalSecondaryIndexes/0/KeySchema/0/AttributeName is `n`, but a local index has"), "{other}");
    assert!(refusal("/KeySchema", json!([{"AttributeName": "id", "KeyType": "HASH"}])).contains("the table has no sort key"));
    let alone = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
    assert!(refusal("/LocalSecondaryIndexes/0/KeySchema", alone).contains("has no sort key"));
}

#[test]
fn keys_indexes_projections_and_capacity_must_make_sense() {
    assert!(refusal("/KeySchema", json!([])).starts_with("/KeySchema has no partition key"));
    assert!(refusal("/KeySchema/0/KeyType", json!("RANGE")).contains("one RANGE too many"));
    assert!(refusal("/LocalSecondaryIndexes/0/IndexName", json!("ByN")).contains("the name of another index"));
    assert!(refusal("/GlobalSecondaryIndexes/0/Projection", json!({"ProjectionType": "INCLUDE"})).contains("names nothing"));
    assert!(refusal("/GlobalSecondaryIndexes/0/Projection/ProjectionType", json!("ALL")).contains("INCLUDE takes it"));
    assert!(refusal("/BillingMode", json!("PAY_PER_REQUEST")).contains("stands beside the BillingMode PAY_PER_REQUEST"));
    assert!(refusal("/GlobalSecondaryIndexes/0/ProvisionedThroughput", Value::Null).contains("ProvisionedThroughput is missing"));
    assert!(refusal("/StreamSpecification/StreamViewType", Value::Null).contains("lacks StreamViewType"));
    assert!(refusal("/TimeToLiveSpecification/AttributeName", Value::Null).contains("lacks AttributeName"));
}

#[test]
fn every_difference_is_told_once_and_equal_tables_have_none() {
    let told = |pointer: &str, value: Value| -> Vec<String> {
        differences(&parse(&full()), &parse(&changed(pointer, value))).iter().map(ToString::to_string).collect()
    };
    assert_eq!(told("/TableName", json!("Other")), [""; 0], "a name is no difference");
    assert_eq!(told("/Tags/0/Value", json!("ops")), [r#"tag team: the file says "data", the table has "ops""#]);
    assert_eq!(told("/TimeToLiveSpecification", Value::Null), ["time to live: the file says attribute expires, the table has none"]);
    assert_eq!(told("/StreamSpecification", Value::Null), ["stream: the file says NEW_IMAGE, the table has none"]);
    assert_eq!(told("/SSESpecification", Value::Null), ["encryption: the file says KMS, the table has none"]);
    assert_eq!(told("/DeletionProtectionEnabled", json!(false)), ["deletion protection: the file says on, the table has none"]);
    assert_eq!(
        told("/ProvisionedThroughput/ReadCapacityUnits", json!(7)),
        ["billing: the file says 5 read and 6 write units, the table has 7 read and 6 write units"]
    );
    assert_eq!(
        told("/AttributeDefinitions/2/AttributeType", json!("N")),
        ["index ByB: key: the file says id (S) + b (B), the table has id (S) + b (N)"]
    );
    assert_eq!(
        told("/GlobalSecondaryIndexes/0/Projection/NonKeyAttributes", json!(["x"])),
        ["index ByN: projection: the file says INCLUDE x, y, the table has INCLUDE x"]
    );
    assert_eq!(told("/GlobalSecondaryIndexes/0/Projection/NonKeyAttributes", json!(["x", "y"])), [""; 0], "order means nothing");
    assert_eq!(told("/GlobalSecondaryIndexes", Value::Null).len(), 4);
}
