"""Whatever the command line sends, held against AWS's own models of its services by the fixture `wire`.

Each test names the operations that it wants to see: one that is no longer sent, or sent from somewhere new, is noticed.
"""

import contextlib
import json
import subprocess
import urllib.request

import pytest

import aws_model
import harness
import tools
from harness import EVENTS, PARAMETER, ROOT, TABLE, client, until
from wire import to

STREAM = "records"
FUNCTION = "persist"
LETTER_WITHOUT_DATA = {
    "version": 1,
    "id": "1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11",
    "reason": "missing_field",
    "error": "e",
    "sequence": "0",
    "sub_sequence": 0,
    "partition_key": "p",
    "arrival": 1545084650.987,
    "batch_id": None,
    "request_id": "r",
    "function": FUNCTION,
    "content": "document",
    "data_encoding": None,
    "data": None,
    "data_omitted": "size",
}


@pytest.fixture
def tablefeed(wire, tmp_path):
    """Runs a command against the wire; it must end with this exit code."""

    def run(*command, code=0):
        return tablefeed_at(wire.endpoint, tmp_path, *command, code=code)

    return run


def tablefeed_at(endpoint, directory, *command, code=0):
    command = [harness.binary(), *command, "--endpoint-url", endpoint]
    done = subprocess.run(command, cwd=directory, env=harness.environment(), capture_output=True, text=True, timeout=harness.SECONDS)
    assert done.returncode == code, done
    return done.stdout


def test_invoke_and_items(wire, tablefeed, tmp_path):
    tablefeed("invoke", str(EVENTS / "mixed.json"), "--batch-id", "batch-7")
    tablefeed("invoke", str(EVENTS / "kafka.json"), "--set", "MAPPING=document")
    lines = tmp_path / "data.ndjson"
    lines.write_text('{"id": "1", "n": 1.5}\n{"id": "2", "list": [null, true, "", {"a": -1e3}]}\n')
    tablefeed("run", str(lines), "--set", "MAPPING=document")
    tablefeed("items", TABLE, "--where", "DataTableName=alert")
    tablefeed("items", "NoSuchTable", code=2)

    assert wire.operations() == {
        "dynamodb.BatchWriteItem",
        "dynamodb.CreateTable",
        "dynamodb.DescribeTable",
        "dynamodb.ListTables",
        "dynamodb.Scan",
        "sqs.GetQueueUrl",
        "sqs.SendMessageBatch",
        "ssm.GetParameter",
        "ssm.PutParameter",
    }


def test_only_the_newest_is_written_one_by_one(wire, tablefeed, tmp_path):
    mapping = {"key": {"partition": "id"}, "types": {"id": "S"}, "delete": {"op": ["delete"]}, "rest": "keep"}
    file = tmp_path / "changes.ndjson"
    file.write_text('{"id": "a", "n": 1}\n{"id": "b", "op": "delete"}\n')
    tablefeed("run", str(file), "--set", f"MAPPING={json.dumps(mapping)}", "--set", "WRITE_MODE=newest")

    writes = {"dynamodb.DeleteItem", "dynamodb.PutItem"}
    assert wire.operations() - writes == {"dynamodb.CreateTable", "dynamodb.DescribeTable", "sqs.GetQueueUrl", "ssm.PutParameter"}
    conditions = [json.loads(call.body)["ConditionExpression"] for call in wire.calls if aws_model.name(call) in writes]
    assert len(conditions) == 2


def test_letters(wire, tablefeed):
    tablefeed("invoke", str(EVENTS / "mixed.json"))
    wire.calls.clear()
    listed = tablefeed("letters", "list", "--json").splitlines()
    tablefeed("letters", "show", json.loads(listed[0])["id"])
    tablefeed("letters", "export", "letters.ndjson")
    tablefeed("letters", "redrive", "--dry-run", "--reason", "missing_field", code=3)
    tablefeed("letters", "redrive", "--reason", "missing_field", "--set", "MAPPING=document")
    tablefeed("letters", "redrive", "--reason", "empty_key", code=3)
    tablefeed("letters", "purge", "--yes")

    queue = "ChangeMessageVisibilityBatch DeleteMessageBatch GetQueueAttributes GetQueueUrl ReceiveMessage SendMessageBatch"
    function = {"dynamodb.CreateTable", "dynamodb.DescribeTable", "dynamodb.PutItem", "ssm.GetParameter", "ssm.PutParameter"}
    assert wire.operations() == function | {f"sqs.{name}" for name in queue.split()}


def test_tables_and_items(wire, tablefeed, tmp_path):
    definition = json.loads((ROOT / "tables/log.json").read_text())
    definition["TimeToLiveSpecification"] = {"Enabled": True, "AttributeName": "expires"}
    definition["Tags"] = [{"Key": "team", "Value": "data"}]
    definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    file = tmp_path / "log.json"
    file.write_text(json.dumps(definition))
    tablefeed("table", "create", str(file))
    tablefeed("table", "diff", str(file))
    tablefeed("table", "describe", "Log")
    tablefeed("table", "list")
    typed = {"key": {"S": "5"}, "status": {"S": "ERROR"}, "raw": {"B": "AAE="}, "set": {"NS": ["1", "2.5"]}, "none": {"NULL": True}}
    tablefeed("item", "put", "Log", json.dumps(typed), "--typed")
    tablefeed("item", "put", "Log", '{"key": "5"}', "--if-absent", code=3)
    tablefeed("item", "get", "Log", "--key", "key=5")
    tablefeed("item", "exists", "Log", "--key", "key=5")
    tablefeed("item", "update", "Log", "--key", "key=5", "--set", "status=INFO", "--remove", "none")
    tablefeed("item", "query", "Log", "--index", "Status", "--key", "status=INFO", "--where", "key=5")
    tablefeed("item", "scan", "Log", "--where", "status=INFO", "--limit", "1")
    tablefeed("item", "delete", "Log", "--key", "key=5")
    tablefeed("table", "delete", "Log", "--yes")

    names = "CreateTable DeleteItem DeleteTable DescribeTable DescribeTimeToLive GetItem ListTables ListTagsOfResource PutItem Query Scan"
    assert wire.operations() == {f"dynamodb.{name}" for name in [*names.split(), "UpdateItem", "UpdateTimeToLive"]}


def post(url, document):
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(document).encode(), headers), timeout=harness.SECONDS) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def serving(command, wire, directory):
    """A server that finds the embedded AWS by its directory, where the proxy stands in for it."""
    (directory / "endpoint").write_text(wire.endpoint)
    with harness.serving(command, directory) as url:
        # What it asked to know the embedded AWS by is no call to AWS.
        wire.calls[:] = [call for call in wire.calls if (call.method, call.target) != ("GET", "/")]
        yield url


def test_ingest(wire, tmp_path):
    with serving("ingest", wire, tmp_path) as url:
        post(url, [{"temperature": 10.01}, {"temperature": -3}])

    assert wire.operations() == {"dynamodb.BatchWriteItem", "dynamodb.CreateTable", "dynamodb.DescribeTable"}


def test_relay_reads_one_stream_and_the_one_after_it_and_sends_letters(wire, tmp_path):
    dynamodb = client("dynamodb", wire.direct)
    dynamodb.create_table(**json.loads((ROOT / "tables/domain.json").read_text()))
    queue_url = client("sqs", wire.direct).create_queue(QueueName="undelivered")["QueueUrl"]
    with serving("relay", wire, tmp_path) as url:
        subscription = {"table_name": "Domain", "url": "http://127.0.0.1:9/", "on_failure": "dead_letter", "max_attempts": 1}
        post(url, subscription | {"start": "trim_horizon", "dead_letter": {"queue_url": queue_url}})
        until("a stream", lambda: dynamodb.describe_table(TableName="Domain")["Table"].get("StreamSpecification", {}).get("StreamEnabled"))
        dynamodb.put_item(TableName="Domain", Item={"url": {"S": "a"}, "domain": {"S": "b"}})
        until("a letter", lambda: "sqs.SendMessage" in wire.operations())
        dynamodb.delete_table(TableName="Domain")
        until("a look for the next stream", lambda: "dynamodbstreams.ListStreams" in wire.operations())

    streams = {f"dynamodbstreams.{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
    assert wire.operations() == streams | {"dynamodb.DescribeTable", "dynamodb.UpdateTable", "sqs.SendMessage"}


@pytest.fixture
def deployment(tmp_path):
    """Doctor and status ask services that the embedded AWS does not have, and ministack has."""
    with tools.ministack(tmp_path) as endpoint, to(endpoint) as wire:
        yield wire


def test_doctor_status_and_a_letter_whose_data_are_in_the_stream(deployment, tmp_path):
    def run(*command, code=0):
        return tablefeed_at(deployment.endpoint, tmp_path, *command, code=code)

    run("invoke", str(EVENTS / "curated.json"))
    sqs = client("sqs", deployment.direct)
    queue_url = sqs.get_queue_url(QueueName=harness.QUEUE)["QueueUrl"]
    place = read_by_a_function(deployment.direct, queue_url)
    run("doctor", FUNCTION, code=3)
    run("status", FUNCTION)
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(LETTER_WITHOUT_DATA | place))
    # ministack's sequence numbers are no numbers of AWS; so the letter has one of its own, and its record is looked for in vain.
    assert "its record has expired" in run("letters", "redrive", "--set", "MAPPING=document", code=3)

    assert deployment.operations() == {
        "cloudwatch.GetMetricData",
        "dynamodb.BatchWriteItem",
        "dynamodb.CreateTable",
        "dynamodb.DescribeTable",
        "dynamodb.Scan",
        "kinesis.DescribeStreamSummary",
        "kinesis.GetRecords",
        "kinesis.GetShardIterator",
        "kinesis.ListShards",
        "lambda.GetFunctionConfiguration",
        "lambda.ListEventSourceMappings",
        "sqs.ChangeMessageVisibilityBatch",
        "sqs.CreateQueue",
        "sqs.GetQueueAttributes",
        "sqs.GetQueueUrl",
        "sqs.ReceiveMessage",
        "ssm.GetParameter",
        "ssm.PutParameter",
    }


def read_by_a_function(endpoint, queue_url):
    """A stream that a function with a filter reads, with a record in it; which shard of which stream that is."""
    kinesis, functions = client("kinesis", endpoint), client("lambda", endpoint)
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamARN"]
    put = kinesis.put_record(StreamName=STREAM, PartitionKey="p", Data=b'{"id": "1"}')
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/persist",
        Environment={"Variables": {"TABLE": TABLE, "DLQ_URL": queue_url, "LATEST_BATCH_ID": PARAMETER}},
        Code={"ZipFile": tools.zipped(b"")},
    )
    functions.create_event_source_mapping(
        FunctionName=FUNCTION,
        EventSourceArn=stream,
        StartingPosition="LATEST",
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"data": {"s3-key": [{"exists": True}]}})}]},
    )
    return {"source": stream, "shard": put["ShardId"]}
