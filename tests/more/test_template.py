"""The template as its linters see it, and against what is written elsewhere about the same things."""

import json
import re

import boto3
import pytest
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

import harness
import tools
from harness import ROOT

DEPLOY = (ROOT / "docs/deploy.md").read_text()
FUNCTIONS = ["Persist", "Ingest", "Relay"]


def read():
    return yaml_parse((ROOT / "template.yaml").read_text())


@pytest.fixture
def template():
    return read()


@pytest.fixture(scope="module")
def transformed():
    """The plain CloudFormation that SAM makes of the template."""
    source = read()
    for name in FUNCTIONS:
        source["Resources"][name]["Properties"]["CodeUri"] = "s3://bucket/key"
    return Translator({}, Parser(), boto_session=boto3.Session(region_name=harness.REGION)).translate(source, {})


@pytest.mark.parametrize(
    "command",
    [["sam", "validate", "--lint", "--region", harness.REGION], ["cfn-lint", "template.yaml"]],
    ids=["sam", "cfn-lint"],
)
def test_linters_find_nothing(command):
    harness.run(command, cwd=ROOT, env=tools.environment())


def test_no_resource_that_sam_makes_takes_a_parameters_name(transformed):
    assert set(transformed["Resources"]) & set(transformed["Parameters"]) == set()


def test_retention_is_an_hour_more_than_the_age_that_lambda_gives_up_at(template):
    week = 604_800  # Lambda counts no further
    for key, row in template["Mappings"]["Retention"].items():
        assert row["Created"] == min(3600 * (row["Hours"] - 1), week)
        assert row["Given"] == (3600 * 23 if key == "auto" else row["Created"])
        assert key in ("auto", str(row["Hours"]))
    assert list(template["Mappings"]["Retention"]) == template["Parameters"]["RetentionHours"]["AllowedValues"]


def test_lambda_sets_unwritten_events_aside_by_itself(transformed):
    statements = [
        statement
        for policy in transformed["Resources"]["PersistRole"]["Properties"]["Policies"]
        if policy.get("PolicyName", "").endswith("S3Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert {statement["Action"] for statement in statements} == {"s3:PutObject", "s3:ListBucket"}


def test_what_holds_data_outlives_the_stack(template):
    kept = {name for name, each in template["Resources"].items() if each.get("DeletionPolicy") == "Retain"}
    assert kept >= {"Table", "IngestTable", "Letters", "FailedEvents"}
    assert all(template["Resources"][name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_the_table_is_the_one_of_the_table_definition(template):
    defined = json.loads((ROOT / "tables/curated-records.json").read_text())
    table = template["Resources"]["Table"]["Properties"]
    assert defined["TableName"] == template["Parameters"]["TableName"]["Default"]
    for name in defined.keys() - {"TableName"}:
        assert table[name] == defined[name]


def test_ingest_is_there_only_when_it_is_asked_for(template, transformed):
    assert template["Parameters"]["WithIngest"]["Default"] == "false"
    of_ingest = {name: each for name, each in transformed["Resources"].items() if name.startswith("Ingest")}
    assert of_ingest.keys() >= {"Ingest", "IngestRole", "IngestUrl", "IngestLogs", "IngestTable", "IngestFailingAlarm"}
    assert {each.get("Condition") for each in of_ingest.values()} == {"Ingests", "CreatesIngestTable"}


def test_relay_is_there_only_when_it_is_asked_for(template, transformed):
    assert template["Parameters"]["WithRelay"]["Default"] == "false"
    of_relay = {name: each for name, each in transformed["Resources"].items() if name.startswith("Relay")}
    assert of_relay.keys() == {"Relay", "RelayRole", "RelayFromTable", "RelayLogs", "RelayIteratorAgeAlarm"}
    assert {each.get("Condition") for each in of_relay.values()} == {"Relays"}
    assert [each["Assert"] for each in template["Rules"]["RelayIsWhole"]["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in ("RelayStreamArn", "RelayUrl")
    ]


def test_relay_may_read_its_stream_log_and_have_lambda_store_what_it_gave_up(transformed):
    role = transformed["Resources"]["RelayRole"]["Properties"]
    managed = {json.dumps(arn).rpartition("/")[2].rstrip('"]}') for arn in role["ManagedPolicyArns"]}
    assert managed == {"AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole"}
    own, to_bucket = role["Policies"]
    condition, own, nothing = own["Fn::If"]
    assert (condition, nothing) == ("DecryptsRelayStream", {"Ref": "AWS::NoValue"})
    statements = [each for policy in (own, to_bucket) for each in policy["PolicyDocument"]["Statement"]]
    assert {each["Action"] for each in statements} == {"kms:Decrypt", "s3:PutObject", "s3:ListBucket"}


def test_nothing_of_the_tables_stream_is_lost_by_the_mapping(template, transformed):
    mapping = transformed["Resources"]["RelayFromTable"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and mapping["BisectBatchOnFunctionError"]
    assert mapping["MaximumRecordAgeInSeconds"] == 3600 * 23, "streams of tables hold records for 24 hours"
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    assert template["Parameters"]["RelayRetryAttempts"]["Default"] == -1
    assert template["Parameters"]["RelayStart"]["Default"] == "TRIM_HORIZON"


def test_what_is_secret_is_not_shown(template):
    hidden = {name for name, each in template["Parameters"].items() if each.get("NoEcho")}
    assert hidden == {"RelaySecret", "RelayHeaders"}


def test_nobody_reaches_ingest_without_a_signature(transformed):
    assert transformed["Resources"]["IngestUrl"]["Properties"]["AuthType"] == "AWS_IAM"
    permissions = [each for each in transformed["Resources"].values() if each["Type"] == "AWS::Lambda::Permission"]
    assert not [each for each in permissions if each["Properties"]["Principal"] == "*"]


def test_the_parameters_of_the_docs_are_those_of_the_template(template):
    said = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", DEPLOY, re.MULTILINE))
    empty = "empty"
    assert said == {
        name: f"`{each['Default']}`" if each["Default"] != "" else empty for name, each in template["Parameters"].items()
    }


def actions(statement):
    """Each action of a statement, beside its name."""
    several = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {(statement["Sid"], action) for action in several}


def test_the_policy_of_the_docs_is_that_of_the_template(template):
    allowed = set()
    for policy in template["Resources"]["Persist"]["Properties"]["Policies"]:
        for each in policy.get("Statement", []):
            for statement in each["Fn::If"][1:] if "Fn::If" in each else [each]:
                if "Sid" in statement:
                    allowed |= actions(statement)
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DEPLOY, re.DOTALL)]
    shown = {pair for policy in policies for each in policy["Statement"] if "Sid" in each for pair in actions(each)}
    assert allowed <= shown
    assert {action for _, action in shown - allowed} == {"s3:PutObject", "s3:ListBucket"}


def test_the_command_of_the_docs_has_every_flag_of_the_mapping(transformed):
    command = re.search(r"create-event-source-mapping(.*?[^\\])\n", DEPLOY, re.DOTALL)[1]
    flags = set(re.findall(r"--([a-z-]+)", command))

    def flag(name):
        return "-".join(re.findall(r"[A-Z][a-z]+", name)).lower()

    wanted = {flag(name) for name in transformed["Resources"]["PersistFromStream"]["Properties"]}
    assert flags == wanted, f"{flags ^ wanted}"
