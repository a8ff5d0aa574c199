"""Makes events/aggregated.json and, independently of the function, events/aggregated.expected.json.

python -m venv V && V/bin/pip install -r requirements.txt && V/bin/python sample.py
"""

import base64
import json
import uuid
from pathlib import Path

import zstandard
from make import aggregate, zipped

EVENTS = Path(__file__).parents[2] / "events"
NAMESPACE = uuid.UUID("123febc1-8bcf-5d39-b242-5679cb26dfc4")
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/curated"
SHARD = "shardId-000000000000"
FIRST = 49590338271490256608559692538361571095921696881718550298
OUTCOMES = ["persisted", "superseded", "filtered", "skipped", "over_limit", "rejected", "failed", "retry"]


def document(number, folder="waze"):
    return {
        "bucket-name": "example-curated",
        "s3-key": f"{folder}/state=MD/type=alert/2018/01/01{number:02}.json.gz",
        "table-name": "alert",
        "state": "MD",
        "month": "01",
        "year": "2018",
        "num-records": str(200 + number),
        "is-historical": "False",
    }


def text(*documents):
    return "\n".join(json.dumps(each) for each in documents).encode()


def packed(data):
    return zstandard.ZstdCompressor(level=3).compress(data)


DOCUMENTS = [document(number) for number in range(9)]
OTHER = document(9, "other")
BROKEN = b'{"bucket-name": "example-curated", '

# Each record: its partition key, its bytes, and what becomes of each of its documents: one that is persisted, None (filtered), or
# a reason.
RECORDS = [
    ("key-0", text(DOCUMENTS[0]), [DOCUMENTS[0]]),
    (
        "key-1",
        aggregate(
            ("key-1", text(DOCUMENTS[1]), None),
            ("key-2", zipped(text(DOCUMENTS[2], DOCUMENTS[3])), None),
            ("key-3", BROKEN, None),
            ("key-1", text(DOCUMENTS[4]), None),
        ),
        [DOCUMENTS[1], DOCUMENTS[2], DOCUMENTS[3], "bad_json", DOCUMENTS[4]],
    ),
    ("key-4", zipped(text(DOCUMENTS[5])), [DOCUMENTS[5]]),
    ("key-5", packed(json.dumps([DOCUMENTS[6], OTHER, DOCUMENTS[7]]).encode()), [DOCUMENTS[6], None, DOCUMENTS[7]]),
    ("key-6", zipped(text(DOCUMENTS[0]))[:-9], ["bad_compression"]),
    ("key-7", packed(zipped(text(DOCUMENTS[8]))), [DOCUMENTS[8]]),
]


def sequence(position):
    return str(FIRST + position)


def record(position, partition_key, data):
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": sequence(position),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1545084750.987 + position,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence(position)}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/tablefeed-persist",
        "awsRegion": "us-east-1",
        "eventSourceARN": ARN,
    }


def item(identity, document):
    attributes = {
        "CurationRecordId": str(identity),
        "BatchId": "batch-1",
        "DataTableName": document["table-name"],
        "S3Key": f"s3://{document['bucket-name']}/{document['s3-key']}",
        "State": document["state"],
        "TotalNumCuratedRecords": document["num-records"],
        "IsHistorical": document["is-historical"],
        "Year": document["year"],
        "Month": document["month"],
    }
    return {name: {"S": value} for name, value in attributes.items()}


def expected():
    outcomes, letters, items = dict.fromkeys(OUTCOMES, 0), [], []
    for position, (_, _, documents) in enumerate(RECORDS):
        for sub_sequence, became in enumerate(documents):
            place = f"{ARN}\n{SHARD}\n{sequence(position)}\n{sub_sequence}"
            identity = uuid.uuid5(NAMESPACE, place)
            if became is None:
                outcomes["filtered"] += 1
            elif isinstance(became, str):
                outcomes["rejected"] += 1
                letter = {"id": str(uuid.uuid5(NAMESPACE, f"{identity}\n{became}")), "reason": became}
                letters.append(letter | {"sequence": sequence(position), "sub_sequence": sub_sequence})
            else:
                outcomes["persisted"] += 1
                items.append(item(identity, became))
    items.sort(key=lambda each: each["CurationRecordId"]["S"])
    return {"batch_id": "batch-1", "records": len(RECORDS), "outcomes": outcomes, "checkpoint": None, "letters": letters, "items": items}


if __name__ == "__main__":
    event = {"Records": [record(position, key, data) for position, (key, data, _) in enumerate(RECORDS)]}
    (EVENTS / "aggregated.json").write_text(json.dumps(event, indent=2) + "\n")
    (EVENTS / "aggregated.expected.json").write_text(json.dumps(expected(), indent=2) + "\n")
