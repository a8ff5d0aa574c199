"""`tablefeed doctor` on moto: a good deployment has nothing, and each fault that is seeded into it is found, by its code.

The faults are seeded by boto3 over the wire, each into a deployment of its own; moto holds every field that is needed.
"""

import base64
import gzip
import io
import json
import subprocess
import zipfile

import pytest

import harness
from harness import PARAMETER, TABLE, client

FUNCTION = "persist"
STREAM = "records"
DAY = 24 * 3600


class Deployment:
    """What template.yaml deploys, as far as the doctor looks at it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.queue_url = harness.create_resources(endpoint, "batch-7")
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"MessageRetentionPeriod": str(14 * DAY)})
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        self.kinesis.increase_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=168)
        summary = self.kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
        self.stream_arn = summary["StreamARN"]
        self.variables = {"TABLE": TABLE, "DLQ_URL": self.queue_url, "LATEST_BATCH_ID": PARAMETER, "PERSIST_RECORDS": ""}
        role = client("iam", endpoint).create_role(RoleName="persist", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.functions.create_function(
            FunctionName=FUNCTION,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role,
            Timeout=60,
            MemorySize=512,
            Environment={"Variables": self.variables},
            Code={"ZipFile": program()},
        )
        self.mapped()

    def __getattr__(self, name):
        return client({"functions": "lambda"}.get(name, name), self.endpoint)

    def mapped(self, without=(), **more):
        """The one event source mapping, made anew: moto cannot take away what one has."""
        for mapping in self.functions.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]:
            self.functions.delete_event_source_mapping(UUID=mapping["UUID"])
        options = {
            "FunctionName": FUNCTION,
            "EventSourceArn": self.stream_arn,
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 1000,
            "MaximumBatchingWindowInSeconds": 1,
            "ParallelizationFactor": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": -1,
            "MaximumRecordAgeInSeconds": 167 * 3600,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed-events"}},
        } | more
        self.functions.create_event_source_mapping(**{name: value for name, value in options.items() if name not in without})

    def set(self, **variables):
        known = {name: value for name, value in (self.variables | variables).items() if value is not None}
        self.functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": known})

    def table(self, key="CurationRecordId", kind="S", index="S"):
        """The table made anew."""
        definition = json.loads((harness.ROOT / "tables/curated-records.json").read_text())
        definition["KeySchema"][0]["AttributeName"] = key
        kinds = {"CurationRecordId": kind, "BatchId": "S", "DataTableName": index}
        names = {"CurationRecordId": key}
        definition["AttributeDefinitions"] = [
            {"AttributeName": names.get(name, name), "AttributeType": letter} for name, letter in kinds.items()
        ]
        self.dynamodb.delete_table(TableName=TABLE)
        self.dynamodb.create_table(**definition)

    def doctor(self, *arguments):
        """The exit code, and each finding."""
        command = [harness.binary(), "doctor", FUNCTION, "--endpoint-url", self.endpoint, "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=harness.SECONDS, env=harness.environment())
        assert done.returncode in (0, 3, 4, 5), done
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def program():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", "")
    return packed.getvalue()


@pytest.fixture
def deployment():
    with harness.moto() as url:
        yield Deployment(url)


# The faults


def no_report(it):
    it.mapped(without=["FunctionResponseTypes"])


def limited_attempts(it):
    it.mapped(MaximumRetryAttempts=3)


def age_past_retention(it):
    it.kinesis.decrease_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=100)


def age_never_ends(it):
    it.mapped(without=["MaximumRecordAgeInSeconds"])


def limited_age(it):
    it.mapped(MaximumRecordAgeInSeconds=3600)


def no_destination(it):
    it.mapped(without=["DestinationConfig"])


def small_messages(it):
    it.sqs.set_queue_attributes(QueueUrl=it.queue_url, Attributes={"MaximumMessageSize": "262144"})


def letters_outlive_data(it):
    it.kinesis.decrease_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=24)
    it.mapped(MaximumRecordAgeInSeconds=23 * 3600)


def letters_kept_a_day(it):
    it.sqs.set_queue_attributes(QueueUrl=it.queue_url, Attributes={"MessageRetentionPeriod": str(DAY)})


def another_key(it):
    it.table(key="Id")


def key_of_another_type(it):
    it.table(kind="N")


def index_of_another_type(it):
    it.table(index="N")


def no_table(it):
    it.dynamodb.delete_table(TableName=TABLE)


def no_queue(it):
    it.sqs.delete_queue(QueueUrl=it.queue_url)


def no_parameter(it):
    it.ssm.delete_parameter(Name=PARAMETER)


def gzip_behind_a_filter(it):
    behind_a_filter(it, gzip.compress(b'{"s3-key": "waze/1"}'))


def kpl_behind_a_filter(it):
    event = json.loads((harness.EVENTS / "aggregated.json").read_text())
    behind_a_filter(it, base64.b64decode(event["Records"][1]["kinesis"]["data"]))


def behind_a_filter(it, data):
    it.kinesis.put_record(StreamName=STREAM, PartitionKey="key", Data=data)
    it.mapped(FilterCriteria={"Filters": [{"Pattern": json.dumps({"data": {"s3-key": [{"prefix": "waze/"}]}})}]})


def short_timeout(it):
    it.functions.update_function_configuration(FunctionName=FUNCTION, Timeout=3)


def little_memory(it):
    it.functions.update_function_configuration(FunctionName=FUNCTION, MemorySize=128)


def many_shards(it):
    it.kinesis.update_shard_count(StreamName=STREAM, TargetShardCount=41, ScalingType="UNIFORM_SCALING")


def dry_run(it):
    it.set(PERSIST_RECORDS="0")


def flag_of_old(it):
    it.set(PERSIST_RECORDS="1")


def order_not_kept(it):
    types = {"CurationRecordId": "S", "BatchId": "S", "DataTableName": "S"}
    it.set(MAPPING=json.dumps({"key": {"partition": "CurationRecordId"}, "types": types}))


def bad_setting(it):
    it.set(WRITE_CONCURRENCY="0")


def mistyped_setting(it):
    it.set(PERSIST_RECORD="0")


def disabled(it):
    uuid = it.functions.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"][0]["UUID"]
    it.functions.update_event_source_mapping(UUID=uuid, Enabled=False)


def no_source(it):
    uuid = it.functions.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"][0]["UUID"]
    it.functions.delete_event_source_mapping(UUID=uuid)


FAULTS = {
    no_report: "report-missing",
    limited_attempts: "attempts-limited",
    age_past_retention: "age-past-retention",
    age_never_ends: "age-past-retention",
    limited_age: "age-limited",
    no_destination: "no-destination",
    small_messages: "queue-size",
    letters_outlive_data: "letters-outlive-data",
    letters_kept_a_day: "queue-retention",
    another_key: "table-key",
    key_of_another_type: "table-key",
    index_of_another_type: "index-key",
    no_table: "table-missing",
    no_queue: "queue-missing",
    no_parameter: "batch-missing",
    gzip_behind_a_filter: "filter-drops",
    kpl_behind_a_filter: "filter-drops",
    short_timeout: "timeout-short",
    little_memory: "memory-small",
    many_shards: "batch-rate",
    dry_run: "dry-run",
    flag_of_old: "one-record",
    order_not_kept: "order",
    bad_setting: "setting",
    mistyped_setting: "setting-unknown",
    disabled: "source-disabled",
    no_source: "source-missing",
}
# What a fault brings with it.
MORE = {age_past_retention: {"letters-outlive-data"}, small_messages: {"letters-outlive-data"}}


def test_a_good_deployment_has_nothing(deployment):
    assert deployment.doctor() == (0, [])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_seeded_fault_is_found(fault, deployment):
    fault(deployment)

    code, findings = deployment.doctor()

    assert {finding["code"] for finding in findings} == {FAULTS[fault]} | MORE.get(fault, set()), findings
    severities = {finding["severity"] for finding in findings}
    assert code == (3 if "error" in severities else 4)
    assert all(finding["what"] and finding["why"] and finding["fix"] for finding in findings)


def test_a_stale_batch_id_is_found(deployment):
    harness.until("a batch id a second old", lambda: deployment.doctor("--stale-after", "0s")[0] == 4)

    assert [finding["code"] for finding in deployment.doctor("--stale-after", "0s")[1]] == ["batch-stale"]
    assert deployment.doctor("--stale-after", "1h") == (0, [])


def test_a_mapping_that_cannot_be_read_is_told_and_the_file_given_here_is_taken(deployment, tmp_path):
    deployment.set(MAPPING="/opt/mapping.json")

    code, findings = deployment.doctor()
    assert code == 5
    assert {finding["severity"] for finding in findings} == {"could not check"}

    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"key": {"partition": "Other"}, "types": {"Other": "S"}}))
    assert "table-key" in {finding["code"] for finding in deployment.doctor("--mapping", str(mapping))[1]}


def test_status_shows_the_source_the_batch_and_the_letters(deployment):
    deployment.sqs.send_message(QueueUrl=deployment.queue_url, MessageBody=json.dumps({"reason": "bad_json"}))

    command = [harness.binary(), "status", FUNCTION, "--endpoint-url", deployment.endpoint, "--json"]
    status = json.loads(harness.run(command, env=harness.environment()).stdout)

    source = status["sources"][0]
    assert (source["stream"], source["state"], source["shards"], source["retention_hours"]) == (STREAM, "Enabled", 2, 168)
    assert (status["function"], status["table"], status["batch"]["id"]) == (FUNCTION, TABLE, "batch-7")
    assert (status["letters"]["waiting"], status["letters"]["reasons"]) == (1, {"bad_json": 1})
