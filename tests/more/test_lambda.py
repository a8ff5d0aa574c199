"""The functions where Lambda's own interfaces are: under cargo-lambda, and under AWS's Runtime Interface Emulator."""

import json

import pytest

import harness
import proxy
import tools
from harness import EVENTS, PARAMETER, ROOT, TABLE, by_identity, curated_items, in_order, items, typed_item, until

EVENT = EVENTS / "curated.json"
STREAM_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2026-01-01T00:00:00.000"


def settings(endpoint, queue_url):
    """What persist needs of the environment."""
    return {"TABLE": TABLE, "DLQ_URL": queue_url, "LATEST_BATCH_ID": PARAMETER, "AWS_ENDPOINT_URL": endpoint}


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
        assert in_order(map(typed_item, items(endpoint))) == curated_items(EVENT, "batch-7")


@pytest.mark.parametrize("name", ["curated", "mixed", "aggregated"])
def test_persist_does_the_same_at_a_cold_and_a_warm_invocation(name, build, wire, tmp_path):
    expected = json.loads((EVENTS / f"{name}.expected.json").read_text())
    queue_url = harness.create_resources(wire.direct, expected["batch_id"])
    event = (EVENTS / f"{name}.json").read_text()
    letters = {letter["id"]: letter["reason"] for letter in expected["letters"]}

    with tools.emulator(build.bootstrap, tmp_path, **settings(wire.endpoint, queue_url)) as function:
        for times in (1, 2):
            assert json.loads(function.invoke(event)) == {"batchItemFailures": []}
            assert by_identity(items(wire.direct)) == by_identity(expected["items"])
            assert {letter["id"]: letter["reason"] for letter in harness.letters(wire.direct).values()} == letters
            # The log comes another way than the answer.
            outcomes = until("a log line", lambda: function.outcomes()[times - 1 :])
            assert outcomes == [expected["outcomes"]]

    assert {"ssm.GetParameter", "dynamodb.BatchWriteItem"} <= wire.operations()
    assert ("sqs.SendMessageBatch" in wire.operations()) == bool(letters)


def test_ingest_stores_what_a_function_url_passes_on(build, wire, tmp_path):
    definition = {
        "TableName": "readings",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    harness.client("dynamodb", wire.direct).create_table(**definition)

    with tools.emulator(build.folders["Ingest"] / "bootstrap", tmp_path, TABLE="readings", AWS_ENDPOINT_URL=wire.endpoint) as function:
        for id, degrees in ("a", "10.5"), ("b", "-3"):
            answer = json.loads(function.invoke(function_url("POST", f'{{"id": "{id}", "temperature": {degrees}}}')))
            assert answer["statusCode"] == 204, answer
        assert json.loads(function.invoke(function_url("POST", "{")))["statusCode"] == 400

    assert {item["id"]["S"]: item["temperature"] for item in items(wire.direct, "readings")} == {"a": {"N": "10.5"}, "b": {"N": "-3"}}
    assert wire.operations() == {"dynamodb.BatchWriteItem"}


def function_url(method, body):
    """A request as a function URL hands it to its function."""
    host = "abc.lambda-url.us-east-1.on.aws"
    return json.dumps(
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/",
            "rawQueryString": "",
            "headers": {"content-type": "application/json", "host": host},
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": host,
                "domainPrefix": "abc",
                "http": {"method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
                "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "routeKey": "$default",
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": 1767225600000,
            },
            "body": body,
            "isBase64Encoded": False,
        }
    )


def test_relay_posts_the_records_of_a_table(build, tmp_path):
    records = [change(n) for n in range(3)]
    # What takes them here is ingest.
    with harness.serving("ingest", tmp_path) as url, proxy.recording(url) as (endpoint, posts):
        with tools.emulator(build.folders["Relay"] / "bootstrap", tmp_path, URL=endpoint) as function:
            for _ in range(2):
                assert json.loads(function.invoke(json.dumps({"Records": records}))) == {"batchItemFailures": []}

    assert [json.loads(post.body) for post in posts] == [{"Records": records}] * 2
    first, again = [post.headers["webhook-id"] for post in posts]
    assert first == again, "the same records have the same id"


def change(n):
    """A record as DynamoDB Streams delivers it."""
    key = {"id": {"S": f"order-{n}"}}
    return {
        "eventID": f"{n}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM_ARN,
        "dynamodb": {
            "ApproximateCreationDateTime": 1767225600.0,
            "Keys": key,
            "NewImage": key | {"total": {"N": str(n)}},
            "SequenceNumber": f"{n + 100}",
            "SizeBytes": 20,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
