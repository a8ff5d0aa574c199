"""The template as its linters see it, and against what is written elsewhere about the same things."""

import json
import re

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

import harness
import tools
from cloudformation import NOTHING, given, read, resolve
from harness import ROOT

DEPLOY = (ROOT / "docs/deploy.md").read_text()
FUNCTIONS = ["Persist", "Ingest", "Relay"]



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


def alternatives(value):
    """What stands there under some conditions: a value, or those that an `If` chooses from."""
    return [leaf for each in value["Fn::If"][1:] for leaf in alternatives(each)] if "Fn::If" in value else [value]


def statements(template, function):
    """Each statement of a function's role, whatever the conditions are."""
    for either in template["Resources"][f"{function}Role"]["Properties"]["Policies"]:
        for policy in alternatives(either):
            for statement in policy.get("PolicyDocument", {}).get("Statement", []):
                yield from (each for each in alternatives(statement) if each != NOTHING)


def actions(statement):
    """Each action of a statement, beside its name."""
    several = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {(statement["Sid"], action) for action in several}


@pytest.mark.parametrize(
    "command",
    [["sam", "validate", "--lint", "--region", harness.REGION], ["cfn-lint", "template.yaml"]],
    ids=["sam", "cfn-lint"],
)
def test_linters_find_nothing(command):
    # More than seconds only where much else runs.
    harness.run(command, 300, cwd=ROOT, env=tools.environment())


@pytest.mark.parametrize("doors", ["false", "true"])
def test_checkov_finds_nothing(template, tmp_path, doors):
    """Beside what is left out in the template, with a reason. Resources whose condition does not hold are not looked at."""
    text = (ROOT / "template.yaml").read_text()
    for name in ("WithIngest", "WithRelay"):
        text = re.sub(rf"(\n  {name}:\n(?:    .*\n)*?    Default: )'false'", rf"\1'{doors}'", text)
    assert len(re.findall(rf"Default: '{doors}'", text)) >= 2
    (tmp_path / "template.yaml").write_text(text)
    options = ["--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "--output", "json"]
    command = [ROOT / ".venv-checkov/bin/python", "-m", "checkov.main", "-f", "template.yaml", *options]
    found = json.loads(harness.run(command, 300, cwd=tmp_path, env=tools.environment()).stdout)
    assert found["summary"]["passed"] > 20 and found["summary"]["failed"] == 0


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
    for function, mapping in (("Persist", "PersistFromStream"), ("Relay", "RelayFromTable")):
        destination = transformed["Resources"][mapping]["Properties"]["DestinationConfig"]["OnFailure"]
        assert destination["Destination"] == {"Fn::GetAtt": ["FailedEvents", "Arn"]}
        allowed = {action for statement in statements(transformed, function) for _, action in actions(statement)}
        assert allowed >= {"s3:PutObject", "s3:ListBucket"}


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
    assert of_ingest.keys() >= {"Ingest", "IngestRole", "IngestUrl", "IngestLogs", "IngestTable", "IngestFailingAlarm", "IngestErrorsAlarm"}
    assert {each.get("Condition") for each in of_ingest.values()} == {"Ingests", "CreatesIngestTable"}


def test_relay_is_there_only_when_it_is_asked_for(template, transformed):
    assert template["Parameters"]["WithRelay"]["Default"] == "false"
    of_relay = {name: each for name, each in transformed["Resources"].items() if name.startswith("Relay")}
    assert {name for name in of_relay if not name.endswith("Alarm")} == {"Relay", "RelayRole", "RelayFromTable", "RelayLogs"}
    assert {each.get("Condition") for each in of_relay.values()} == {"Relays"}
    assert [each["Assert"] for each in template["Rules"]["RelayIsWhole"]["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in ("RelayStreamArn", "RelayUrl")
    ]


@pytest.mark.parametrize(
    ("function", "managed"),
    [
        ("Persist", "AWSLambdaKinesisExecutionRole"),
        ("Ingest", "AWSLambdaBasicExecutionRole"),
        ("Relay", "AWSLambdaDynamoDBExecutionRole"),
    ],
)
def test_a_role_is_for_its_function_and_for_a_vpc_only_where_there_is_one(template, function, managed):
    assert template["Resources"][function]["Properties"]["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    role = template["Resources"][f"{function}Role"]["Properties"]
    always, in_vpc = role["ManagedPolicyArns"]
    assert always["Fn::Sub"].endswith(f"/{managed}")
    assert (in_vpc["Fn::If"][0], in_vpc["Fn::If"][2]) == ("InVpc", NOTHING)
    assert in_vpc["Fn::If"][1]["Fn::Sub"].endswith("/AWSLambdaVPCAccessExecutionRole")
    assert role["PermissionsBoundary"] == {"Fn::If": ["IsBounded", {"Ref": "PermissionsBoundaryArn"}, NOTHING]}
    assert len(role["AssumeRolePolicyDocument"]["Statement"]) == 1


def test_relay_may_read_its_stream_log_and_have_lambda_store_what_it_gave_up(template):
    allowed = {sid for each in statements(template, "Relay") for sid, _ in actions(each)}
    assert allowed == {"StoreFailedEvents", "FindFailedEventsBucket", "DecryptRelayStream", "UseKey"}


def test_nothing_optional_is_there_unless_a_parameter_asks_for_it(template):
    hold = {name for name in template["Conditions"] if resolve({"Condition": name}, template)}
    assert hold == {"CreatesStream", "NamesTable", "CreatesTable", "NamesBatch", "CreatesBatchId", "ShowsDashboard"}


def persist(template):
    """The function's properties, its event source mapping's, and the resources that its role names, by the statements' names."""
    function = resolve(template["Resources"]["Persist"]["Properties"], template)
    policies = resolve(template["Resources"]["PersistRole"]["Properties"]["Policies"], template)
    resources = {each["Sid"]: each["Resource"] for policy in policies for each in policy["PolicyDocument"]["Statement"]}
    return function, function["Events"]["FromStream"]["Properties"], resources


@pytest.mark.parametrize(("mode", "sid"), [("put", "WriteItems"), ("newest", "WriteNewestItems")])
def test_a_table_in_another_account_is_named_by_its_arn_and_has_no_alarms_here(template, mode, sid):
    arn = "arn:aws:dynamodb:eu-west-1:210987654321:table/Elsewhere"
    elsewhere = given(template, TableArn=arn, WriteMode=mode)
    function, _, resources = persist(elsewhere)
    assert function["Environment"]["Variables"]["TABLE"] == arn
    assert resources[sid] == arn
    assert set(resources) == {sid, "SendLetters", "ReadBatchId", "StoreFailedEvents", "FindFailedEventsBucket"}
    for name in ("Table", "TableThrottlesAlarm", "IndexThrottlesAlarm"):
        assert not resolve({"Condition": template["Resources"][name]["Condition"]}, elsewhere)


def test_a_consumer_is_created_or_given_and_the_role_may_read_as_it(template):
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/records"
    given_one = f"{stream}/consumer/feed:1700000000"
    for parameters, source in (
        ({}, {"Fn::GetAtt": ["Stream", "Arn"]}),
        ({"StreamArn": stream}, stream),
        ({"EnhancedFanOut": "true"}, {"Ref": "Consumer"}),
        ({"EnhancedFanOut": "true", "StreamArn": stream}, {"Ref": "Consumer"}),
        ({"ConsumerArn": given_one, "StreamArn": stream}, given_one),
        ({"ConsumerArn": given_one, "StreamArn": stream, "EnhancedFanOut": "true"}, given_one),
    ):
        _, mapping, resources = persist(given(template, **parameters))
        assert mapping["Stream"] == source
        assert resources.get("ReadAsConsumer") == (source if parameters.keys() & {"EnhancedFanOut", "ConsumerArn"} else None)


def test_every_parameter_is_described_and_in_one_group_in_its_order(template):
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(template["Parameters"])
    for name, each in template["Parameters"].items():
        assert each["Description"].endswith("."), name


def test_one_key_encrypts_all_that_the_stack_creates(template):
    def names_the_key(value):
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return value == {"Ref": "KeyArn"} or any(map(names_the_key, children))

    kinds = "Serverless::Function Kinesis::Stream DynamoDB::Table SQS::Queue S3::Bucket Logs::LogGroup IAM::Role".split()
    for name, each in template["Resources"].items():
        assert names_the_key(each["Properties"]) == (each["Type"].removeprefix("AWS::") in kinds), name


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


def test_the_policy_of_the_docs_is_that_of_the_template(template):
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DEPLOY, re.DOTALL)]
    shown = {pair for policy in policies for each in policy.get("Statement", []) if "Sid" in each for pair in actions(each)}
    allowed = {pair for statement in statements(template, "Persist") for pair in actions(statement)}
    # What needs a parameter of its own is told beside that parameter.
    optional = {"ReadAsConsumer", "DecryptStream", "DecryptBatchId", "DecryptTable", "UseKey"}
    assert shown == {(sid, action) for sid, action in allowed if sid not in optional}


def test_the_command_of_the_docs_has_every_flag_of_the_mapping(transformed):
    command = re.search(r"create-event-source-mapping(.*?[^\\])\n", DEPLOY, re.DOTALL)[1]
    flags = set(re.findall(r"--([a-z-]+)", command))

    def flag(name):
        return "-".join(re.findall(r"[A-Z][a-z]+", name)).lower()

    wanted = {flag(name) for name in transformed["Resources"]["PersistFromStream"]["Properties"]}
    assert flags == wanted, f"{flags ^ wanted}"
