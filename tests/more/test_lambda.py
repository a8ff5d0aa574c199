"""The function where Lambda's own interfaces are: under cargo-lambda, and behind a Kinesis stream in ministack."""

import base64
import io
import json
import zipfile

import pytest

import harness
import tools
from harness import EVENTS, PARAMETER, ROOT, TABLE, client, curated_items, in_order, items, typed_item, until

EVENT = EVENTS / "curated.json"
STREAM = "records"


def settings(endpoint, queue_url):
    """The function's environment, as the template gives it."""
    return {"TABLE": TABLE, "DLQ_URL": queue_url, "LATEST_BATCH_ID": PARAMETER, "AWS_ENDPOINT_URL": endpoint}


def written(endpoint):
    return in_order(map(typed_item, items(endpoint)))


def test_cargo_lambda_runs_the_function_against_the_embedded_aws(tmp_path):
    at = ["-A", "127.0.0.1", "-P", str(harness.free_port())]
    with harness.emulate(tmp_path) as endpoint:
        queue_url = harness.create_resources(endpoint, "batch-7")
        watch = ["cargo", "lambda", "watch", *at, "--ignore-changes"]
        with harness.Server(watch, cwd=ROOT, env=tools.environment(**settings(endpoint, queue_url))) as server:
            server.listening(int(at[-1]))
            # The first invocation waits for the build.
            invoke = ["cargo", "lambda", "invoke", *at, "persist", "--data-file", str(EVENT)]
            answer = harness.run(invoke, tools.BUILD_SECONDS, cwd=ROOT, env=tools.environment()).stdout

        assert json.loads(answer) == {"batchItemFailures": []}
        assert written(endpoint) == curated_items(EVENT, "batch-7")


@pytest.fixture
def ministack(tmp_path):
    """An AWS that runs functions as plain processes and has event source mappings."""
    port = harness.free_port()
    endpoint = f"http://127.0.0.1:{port}"
    options = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ENDPOINT_URL": endpoint,
        "LAMBDA_EXECUTOR": "local",
        "STATE_DIR": str(tmp_path / "state"),
        "S3_DATA_DIR": str(tmp_path / "s3"),
    }
    with harness.Server(["ministack"], cwd=tmp_path, env=tools.environment(**options)) as server:
        server.listening(port)
        yield endpoint


def zipped(program):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def test_records_of_a_stream_become_items(build, ministack):
    queue_url = harness.create_resources(ministack, "batch-7")
    kinesis, functions = client("kinesis", ministack), client("lambda", ministack)
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    stream = until("an active stream", lambda: active(kinesis))
    functions.create_function(
        FunctionName="persist",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/persist",
        Architectures=[tools.ARCHITECTURE],
        Timeout=60,
        Environment={"Variables": settings(ministack, queue_url)},
        Code={"ZipFile": zipped(build.bootstrap)},
    )
    functions.create_event_source_mapping(
        FunctionName="persist",
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=1000,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )

    records = json.loads(EVENT.read_text())["Records"]
    answer = kinesis.put_records(
        StreamName=STREAM,
        Records=[
            {"PartitionKey": f"key-{at}", "Data": base64.b64decode(record["kinesis"]["data"])}
            for at, record in enumerate(records)
        ],
    )
    assert answer["FailedRecordCount"] == 0

    expected = curated_items(EVENT, "batch-7")
    until(f"{len(expected)} items", lambda: len(items(ministack)) >= len(expected))
    assert written(ministack) == expected


def active(kinesis):
    summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
    return summary["StreamARN"] if summary["StreamStatus"] == "ACTIVE" else None
