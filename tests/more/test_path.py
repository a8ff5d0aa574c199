"""The whole path with third parties: boto3 puts records into ministack's Kinesis, its Lambda runs the package, boto3 reads what came of it.

ministack's event source mapping takes no notice of a partial batch response: what the function reports as unfinished is lost there. So
nothing here fails for a while only, every record must be done at its first delivery, and the ledger has to close all the same.
"""

import gzip
import json
import uuid
from collections import Counter

import pytest

import aws_model
import harness
import tools
from harness import PARAMETER, TABLE, by_identity, client, curated, items, messages, until
from wire import to

STREAM = "records"
SHARDS = 4
RECORDS = 1000
MOST_IN_A_PUT = 500
BATCH = "batch-7"
# What the function makes identities in, unless ID_NAMESPACE sets another.
NAMESPACE = uuid.UUID("123febc1-8bcf-5d39-b242-5679cb26dfc4")


@pytest.fixture
def ministack(tmp_path):
    """An AWS that runs functions as plain processes and has event source mappings."""
    with tools.ministack(tmp_path) as endpoint:
        yield endpoint


def document(n, **other):
    """The document of record n, unlike every other one; a field that is given as None is left out."""
    fields = {
        "s3-key": f"waze/state=MD/type=alert/2018/01/{n}.json.gz",
        "bucket-name": "example-curated",
        "table-name": "alert",
        "state": "MD",
        "num-records": str(n),
        "is-historical": "False",
        "year": "2018",
        "month": f"{n % 12 + 1:02}",
    } | other
    return {name: value for name, value in fields.items() if value is not None}


def encoded(n, **other):
    return json.dumps(document(n, **other)).encode()


# Ten records in a thousand, each spoilt in its own way: what record n holds, by the reason for which it becomes a letter.
POISON = {
    "bad_json": lambda n: encoded(n)[:-1],
    "not_an_object": lambda n: str(n).encode(),
    "missing_field": lambda n: encoded(n, **{"table-name": None}),
    "empty_key": lambda n: encoded(n, **{"table-name": ""}),
    "wrong_key_type": lambda n: encoded(n, **{"table-name": n}),
    "bad_value": lambda n: encoded(n, **{"bucket-name": {"name": n}}),
    "number_out_of_range": lambda n: encoded(n, month=10**126),
    "bad_utf8": lambda n: encoded(n).replace(b"MD", b"\xff"),
    "bad_compression": lambda n: gzip.compress(encoded(n))[:-9],
    "nesting_too_deep": lambda n: encoded(n, month=json.loads("[" * 40 + "]" * 40)),
}


def contents():
    """For each record its bytes, and the document in it or the reason why it has none that can be stored."""
    for n in range(RECORDS):
        if n % (RECORDS // len(POISON)) == 57:
            reason = list(POISON)[n // (RECORDS // len(POISON))]
            yield POISON[reason](n), reason
        elif n % 5 == 0:
            yield gzip.compress(encoded(n)), document(n)
        else:
            yield encoded(n), document(n)


def test_a_thousand_records_of_four_shards_are_each_one_item_or_one_letter(build, ministack):
    queue_url = harness.create_resources(ministack, BATCH)
    stream = create_stream(ministack)
    with to(ministack) as wire:
        settings = {"TABLE": TABLE, "DLQ_URL": queue_url, "LATEST_BATCH_ID": PARAMETER, "AWS_ENDPOINT_URL": wire.endpoint}
        deploy(ministack, stream, build.bootstrap, settings)
        put = put_records(ministack, [data for data, _ in contents()])
        assert len({shard for shard, _ in put}) == SHARDS

        wanted_items, wanted_letters = {}, {}
        for (shard, sequence), (_, became) in zip(put, contents(), strict=True):
            identity = uuid.uuid5(NAMESPACE, f"{stream}\n{shard}\n{sequence}\n0")
            if isinstance(became, dict):
                wanted_items[str(identity)] = curated(became, BATCH)
            else:
                wanted_letters[str(uuid.uuid5(NAMESPACE, f"{identity}\n{became}"))] = (became, stream, shard, sequence, BATCH)
        assert (len(wanted_items), len(wanted_letters)) == (RECORDS - len(POISON), len(POISON))

        until(f"{RECORDS} ends", lambda: ends(wire.calls).total() >= RECORDS)

    assert by_identity(items(ministack)) == wanted_items
    letters = [json.loads(message["Body"]) for message in messages(ministack)]
    where = ("reason", "source", "shard", "sequence", "batch_id")
    assert {letter["id"]: tuple(letter[name] for name in where) for letter in letters} == wanted_letters
    assert len(letters) == len(wanted_letters)
    assert ends(wire.calls) == Counter([*wanted_items, *wanted_letters]), "something was written or sent twice"


def ends(calls):
    """How often each item was written and each letter sent, by its id."""
    found = Counter()
    for call in list(calls):
        body = json.loads(call.body)
        match aws_model.name(call):
            case "dynamodb.BatchWriteItem":
                found.update(write["PutRequest"]["Item"]["CurationRecordId"]["S"] for write in body["RequestItems"][TABLE])
            case "sqs.SendMessageBatch":
                found.update(json.loads(entry["MessageBody"])["id"] for entry in body["Entries"])
    return found


def create_stream(endpoint):
    kinesis = client("kinesis", endpoint)
    kinesis.create_stream(StreamName=STREAM, ShardCount=SHARDS)

    def active():
        summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
        return summary["StreamARN"] if summary["StreamStatus"] == "ACTIVE" else None

    return until("an active stream", active)


def deploy(endpoint, stream, program, settings):
    """The function, and its mapping, as the template has them."""
    functions = client("lambda", endpoint)
    functions.create_function(
        FunctionName="persist",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/persist",
        Architectures=[tools.ARCHITECTURE],
        Timeout=60,
        Environment={"Variables": settings},
        Code={"ZipFile": tools.zipped(program.read_bytes())},
    )
    functions.create_event_source_mapping(
        FunctionName="persist",
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def put_records(endpoint, data):
    """Where each record stands: its shard and its sequence number."""
    kinesis, put = client("kinesis", endpoint), []
    for begin in range(0, len(data), MOST_IN_A_PUT):
        batch = [{"PartitionKey": f"key-{begin + at}", "Data": each} for at, each in enumerate(data[begin : begin + MOST_IN_A_PUT])]
        answer = kinesis.put_records(StreamName=STREAM, Records=batch)
        assert answer["FailedRecordCount"] == 0
        put += [(record["ShardId"], record["SequenceNumber"]) for record in answer["Records"]]
    return put
