"""What a letter or a message of Lambda does not carry is read back from its Kinesis stream, here moto's."""

import base64
import json
import subprocess

import pytest

import harness
from harness import client, environment, items, messages, run

MAPPING = json.dumps({"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{@id}", "n": "{n}"}})
STREAM = "s"
ID = "1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11"


@pytest.fixture
def endpoint():
    with harness.moto() as url:
        client("kinesis", url).create_stream(StreamName=STREAM, ShardCount=1)
        client("sqs", url).create_queue(QueueName=harness.QUEUE)
        yield url


def arn(endpoint):
    return client("kinesis", endpoint).describe_stream(StreamName=STREAM)["StreamDescription"]["StreamARN"]


def put(endpoint, *texts):
    """Records in the stream, one a text; their shard and sequence numbers."""
    kinesis = client("kinesis", endpoint)
    sent = [kinesis.put_record(StreamName=STREAM, Data=text.encode(), PartitionKey="p") for text in texts]
    return sent[0]["ShardId"], [each["SequenceNumber"] for each in sent]


def documents(numbers):
    return [json.dumps({"n": n}) for n in numbers]


def send(endpoint, body):
    sqs = client("sqs", endpoint)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=harness.QUEUE)["QueueUrl"], MessageBody=json.dumps(body))


def letter(endpoint, shard, sequence, sub_sequence, **more):
    """A letter whose data were too large for it."""
    return {
        "version": 1,
        "id": ID,
        "reason": "missing_field",
        "error": "e",
        "source": arn(endpoint),
        "shard": shard,
        "sequence": sequence,
        "sub_sequence": sub_sequence,
        "partition_key": "p",
        "arrival": 1545084650.987,
        "batch_id": None,
        "request_id": "r",
        "function": "f",
        "content": "document",
        "data_encoding": None,
        "data": None,
        "data_omitted": "size",
    } | more


def given_up(endpoint, shard, start, end, size):
    """What Lambda tells a queue of a batch that it gave up."""
    return {
        "requestContext": {"requestId": "r", "functionArn": "f", "condition": "RecordAgeExceeded", "approximateInvokeCount": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": start,
            "endSequenceNumber": end,
            "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
            "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z",
            "batchSize": size,
            "streamArn": arn(endpoint),
        },
    }


def redrive(endpoint, directory, *arguments, code=0):
    command = [harness.binary(), "letters", "redrive", "--endpoint-url", endpoint, "--json", "--set", f"MAPPING={MAPPING}", *arguments]
    done = subprocess.run(command, cwd=directory, env=environment(), capture_output=True, text=True, timeout=harness.SECONDS)
    assert done.returncode == code, done
    return json.loads(done.stdout)


def numbers(endpoint):
    return sorted(int(item["n"]["N"]) for item in items(endpoint, "Items"))


def test_a_letter_without_data_is_read_back_and_only_its_document_is_stored(endpoint, tmp_path):
    shard, (_, sequence, _) = put(endpoint, *documents([1]), "\n".join(documents([2, 3, 4])), *documents([5]))
    send(endpoint, letter(endpoint, shard, sequence, 1))

    account = redrive(endpoint, tmp_path)

    assert (account["done"], account["deleted"], account["left"]) == (1, 1, 0)
    assert numbers(endpoint) == [3]
    assert messages(endpoint) == []


def test_a_letter_of_a_whole_record_stands_for_all_its_documents(endpoint, tmp_path):
    shard, (sequence,) = put(endpoint, "\n".join(documents([2, 3, 4])))
    send(endpoint, letter(endpoint, shard, sequence, 0, content="record", reason="decompressed_too_large"))

    redrive(endpoint, tmp_path)

    assert numbers(endpoint) == [2, 3, 4]


def test_a_record_that_has_expired_stays_a_letter(endpoint, tmp_path):
    shard, (sequence,) = put(endpoint, *documents([1]))
    send(endpoint, letter(endpoint, shard, str(int(sequence) - 1), 0))

    account = redrive(endpoint, tmp_path, "--discard", code=3)

    assert account["kept"] == 1 and "expired" in str(account["kept_because"])
    assert len(messages(endpoint)) == 1


def test_a_range_that_lambda_gave_up_is_redriven_and_nothing_around_it(endpoint, tmp_path):
    shard, sequences = put(endpoint, *documents(range(1203)))
    send(endpoint, given_up(endpoint, shard, sequences[1], sequences[-2], 1201))

    account = redrive(endpoint, tmp_path)

    assert (account["done"], account["messages"], account["deleted"], account["left"]) == (1201, 1, 1, 0)
    assert numbers(endpoint) == list(range(1, 1202))
    assert messages(endpoint) == []


def test_a_record_of_the_range_that_fails_again_becomes_a_letter(endpoint, tmp_path):
    shard, sequences = put(endpoint, *documents([1]), "{", *documents([3]))
    send(endpoint, given_up(endpoint, shard, sequences[0], sequences[-1], 3))

    account = redrive(endpoint, tmp_path, code=3)

    assert (account["done"], account["failed_again"], account["deleted"]) == (2, 1, 1)
    (left,) = messages(endpoint)
    assert json.loads(left["Body"])["sequence"] == sequences[1]
    assert base64.b64decode(json.loads(left["Body"])["data"]) == b"{"


def test_what_has_expired_is_told_with_its_bounds_and_deleted_only_when_it_is_meant(endpoint, tmp_path):
    shard, (first, last) = put(endpoint, *documents([1, 2]))
    before = str(int(first) - 1)
    send(endpoint, given_up(endpoint, shard, before, last, 3))

    account = redrive(endpoint, tmp_path, code=3)
    assert account["lost"] == [{"stream": arn(endpoint), "shard": shard, "from": before, "to": last, "before": first}]
    assert (account["deleted"], numbers(endpoint)) == (0, [1, 2])

    account = redrive(endpoint, tmp_path, "--discard")
    assert (account["deleted"], account["left"]) == (1, 0)
    assert messages(endpoint) == []


def test_a_server_that_gives_the_same_messages_each_time_is_read_by_hiding_them(endpoint, tmp_path):
    for n in range(25):
        send(endpoint, {"id": str(n)})
    command = [harness.binary(), "letters", "--endpoint-url", endpoint, "--json"]

    shown = run(command, cwd=tmp_path, env=environment())
    assert "the queue has about 15 more that it did not give; --hide-seconds 30" in shown.stderr

    shown = run([*command, "--hide-seconds", "30"], cwd=tmp_path, env=environment())
    assert {json.loads(line)["id"] for line in shown.stdout.splitlines()} == {str(n) for n in range(25)}
    assert shown.stderr == ""
    assert len(messages(endpoint)) == 25, "messages stay hidden"
