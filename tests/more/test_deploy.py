"""The commands of docs/deploy.md that deploy without SAM: run one after the other, and what they made held against the template."""

import re

import pytest

import cloudformation
import harness
import tools
from cloudformation import resolve
from harness import ROOT, TABLE, client

SECTION = (ROOT / "docs/deploy.md").read_text().partition("\n## With cargo-lambda alone\n")[2]
BATCH = "my-first-batch"

# Commands and flags of the page that are not run here as they stand, each with the reason.
CHANGED = {
    "cargo lambda build --release --arm64 --bin persist\n": "",  # `sam build` has made the same program with cargo-lambda, for this machine
    " --cli-binary-format raw-in-base64-out": "",  # a flag of version 2 of the AWS CLI; version 1, which pip has, takes data as they are
}
# Version 1 has an address of its own for SQS, whatever AWS_ENDPOINT_URL says.
PREAMBLE = 'set -euo pipefail\naws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'


def commands(text):
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


class Deployment:
    """Where the commands were run, and clients to see what they made."""

    def __init__(self, directory, endpoint):
        self.directory = directory
        self.endpoint = endpoint

    def run(self, script):
        environment = tools.environment(AWS_ENDPOINT_URL=self.endpoint)
        return harness.run(["bash", "-c", PREAMBLE + script], 600, cwd=self.directory, env=environment).stdout

    def __getattr__(self, service):
        return client({"functions": "lambda"}.get(service, service), self.endpoint)


@pytest.fixture(scope="module")
def deployment(build, tmp_path_factory):
    """The page's commands but for those of Kafka and of deleting, run in a folder that looks like the project's."""
    directory, state = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("aws")
    for each in ROOT.iterdir():
        if each.name != "target":
            (directory / each.name).symlink_to(each)
    bootstrap = directory / "target/lambda/persist/bootstrap"
    bootstrap.parent.mkdir(parents=True)
    bootstrap.symlink_to(build.bootstrap)

    for name, text in re.findall(r"`(\w+\.json)`.*?```json\n(.*?)```", SECTION, re.DOTALL):
        (directory / name).write_text(text)
    script = commands(SECTION.partition("\n### From Kafka\n")[0])
    for told, run in CHANGED.items():
        assert told in script, told
        script = script.replace(told, run)

    port = harness.free_port()
    endpoint = f"http://127.0.0.1:{port}"
    options = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "AWS_ENDPOINT_URL": endpoint, "LAMBDA_EXECUTOR": "local"}
    options |= {"STATE_DIR": str(state / "state"), "S3_DATA_DIR": str(state / "s3")}
    with harness.Server(["ministack"], cwd=state, env=tools.environment(**options)) as server:
        server.listening(port)
        made = Deployment(directory, endpoint)
        made.run(script)
        yield made
        made.run(commands(SECTION.partition("\n### Deleting\n")[2]))
        assert made.functions.list_functions()["Functions"] == []
        assert made.functions.list_event_source_mappings()["EventSourceMappings"] == []


@pytest.fixture(scope="module")
def template():
    return cloudformation.read()


def properties(template, name):
    return resolve(template["Resources"][name]["Properties"], template)


def test_a_record_that_is_put_becomes_an_item(deployment):
    (item,) = harness.until("an item", lambda: harness.items(deployment.endpoint))
    assert item["S3Key"] == {"S": "s3://curated/waze/2024/05/part-0.csv"}
    assert item["BatchId"] == {"S": BATCH}


def test_the_function_is_that_of_the_template(deployment, template):
    function = properties(template, "Persist")
    made = deployment.functions.get_function_configuration(FunctionName="persist")
    for name in ("Timeout", "MemorySize", "Runtime", "Handler"):
        assert made[name] == function[name], name
    assert made["LoggingConfig"]["LogFormat"] == function["LoggingConfig"]["LogFormat"]
    # What is not said is the function's default, as it is the template's: tests/it/template.rs holds that.
    variables = made["Environment"]["Variables"]
    assert variables.keys() <= function["Environment"]["Variables"].keys()
    assert (variables["TABLE"], variables["LATEST_BATCH_ID"]) == (TABLE, template["Parameters"]["BatchParameter"]["Default"])
    (group,) = deployment.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/persist")["logGroups"]
    assert group["retentionInDays"] == properties(template, "PersistLogs")["RetentionInDays"]


def test_the_event_source_mapping_is_that_of_the_template(deployment, template):
    wanted = resolve(template["Resources"]["Persist"]["Properties"]["Events"]["FromStream"]["Properties"], template)
    (made,) = deployment.functions.list_event_source_mappings(FunctionName="persist")["EventSourceMappings"]
    # The ARNs differ; MetricsConfig is accepted by ministack and forgotten: that its flag is there, test_template.py sees.
    for name in wanted.keys() - {"Stream", "DestinationConfig", "MetricsConfig"}:
        assert made[name] == wanted[name], name
    (bucket,) = deployment.s3.list_buckets()["Buckets"]
    assert made["DestinationConfig"]["OnFailure"]["Destination"] == f"arn:aws:s3:::{bucket['Name']}"


def test_stream_table_queue_and_bucket_are_those_of_the_template(deployment, template):
    stream = properties(template, "Stream")
    made = deployment.kinesis.describe_stream_summary(StreamName="tablefeed")["StreamDescriptionSummary"]
    assert made["RetentionPeriodHours"] == stream["RetentionPeriodHours"]
    assert made["StreamModeDetails"] == stream["StreamModeDetails"]
    assert made["EncryptionType"] == stream["StreamEncryption"]["EncryptionType"]

    table = properties(template, "Table")
    made = deployment.dynamodb.describe_table(TableName=TABLE)["Table"]
    assert made["KeySchema"] == table["KeySchema"]
    assert made["BillingModeSummary"]["BillingMode"] == table["BillingMode"]
    assert made["SSEDescription"]["Status"] == "ENABLED" and table["SSESpecification"] == {"SSEEnabled": True}
    backups = deployment.dynamodb.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}

    queue = properties(template, "Letters")
    url = deployment.sqs.get_queue_url(QueueName="tablefeed-letters")["QueueUrl"]
    made = deployment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {name: made[name].lower() for name in queue} == {name: str(each).lower() for name, each in queue.items()}

    bucket = properties(template, "FailedEvents")
    (name,) = (each["Name"] for each in deployment.s3.list_buckets()["Buckets"])
    made = deployment.s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert made == bucket["PublicAccessBlockConfiguration"]
    (rule,) = deployment.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    (wanted,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Expiration"]["Days"] == wanted["ExpirationInDays"]
    assert rule["AbortIncompleteMultipartUpload"] == wanted["AbortIncompleteMultipartUpload"]


def test_the_role_is_that_of_the_template(deployment, template):
    attached = deployment.iam.list_attached_role_policies(RoleName="tablefeed-persist")["AttachedPolicies"]
    (wanted,) = properties(template, "PersistRole")["ManagedPolicyArns"]
    assert [each["PolicyName"] for each in attached] == [wanted["Fn::Sub"].rpartition("/")[2]]
    made = deployment.iam.get_role_policy(RoleName="tablefeed-persist", PolicyName="tablefeed-persist")["PolicyDocument"]
    account = deployment.sts.get_caller_identity()["Account"]
    accounts = {each["Resource"].split(":")[4] for each in made["Statement"]} - {""}
    assert accounts == {account}


def test_the_alarms_are_those_of_the_template(deployment, template):
    made = {each["AlarmName"].removeprefix("tablefeed-"): each for each in deployment.cloudwatch.describe_alarms()["MetricAlarms"]}
    alarms = (name for name, each in template["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm")
    persist = {name for name in alarms if not name.startswith(("Ingest", "Relay"))}
    # The page says so: two need more than a line.
    assert {f"{name}Alarm" for name in made} == persist - {"IndexThrottlesAlarm", "LettersAgeAlarm"}
    for name, each in made.items():
        wanted = properties(template, f"{name}Alarm")
        # What differs by name, and the topic, which the page leaves to the reader.
        for property in wanted.keys() - {"AlarmDescription", "Dimensions"}:
            assert each[property] == wanted[property], (name, property)
        assert each["DatapointsToAlarm"] == wanted.get("DatapointsToAlarm", 1), name
        assert [of["Name"] for of in each["Dimensions"]] == [of["Name"] for of in wanted["Dimensions"]], name
