"""Makes events/kafka.json and, independently of the function, events/kafka.expected.json.

Run it like sample.py, from which the documents come.
"""

import base64
import json
import uuid

from sample import EVENTS, NAMESPACE, OUTCOMES, document, item, text

ARN = "arn:aws:kafka:us-east-1:123456789012:cluster/curated/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
FIRST = 1545084750987
DOCUMENTS = [document(number) for number in range(6)]

# By partition, each record: its offset, its key, its headers, its bytes, and what becomes of each of its documents: one that is
# persisted, None (filtered), or a reason.
PARTITIONS = {
    "curated-0": [
        (15, b"MD", [("trace-id", b"a1"), ("trace-id", "é\u00ff".encode())], text(DOCUMENTS[0]), [DOCUMENTS[0]]),
        (16, None, [], text(DOCUMENTS[1], DOCUMENTS[2]), [DOCUMENTS[1], DOCUMENTS[2]]),
        (18, b"MD", [], None, [None]),
    ],
    "curated-1": [
        (9007199254740993, b"\xff\x00", [("bytes", bytes([0, 127, 128, 255]))], text(DOCUMENTS[3]), [DOCUMENTS[3]]),
        (9007199254740994, b'{"id": 7}', [], b'{"bucket-name": "example-curated", ', ["bad_json"]),
        (9223372036854775807, b"VA", [], text(DOCUMENTS[4], document(9, "other")), [DOCUMENTS[4], None]),
    ],
    "curated-elsewhere-10": [(0, b"VA", [], text(DOCUMENTS[5]), [DOCUMENTS[5]])],
}


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def record(topic, partition, number, offset, key, headers, value):
    made = {
        "topic": topic,
        "partition": int(partition),
        "offset": offset,
        "timestamp": FIRST + 1000 * number,
        "timestampType": "CREATE_TIME",
        "key": encoded(key),
        "value": encoded(value),
        "headers": [{name: [byte - 256 if byte > 127 else byte for byte in header]} for name, header in headers],
    }
    if key is None:
        del made["key"]
    return made


def event():
    records = {}
    for name, rows in PARTITIONS.items():
        topic, partition = name.rsplit("-", 1)
        records[name] = [
            record(topic, partition, number, offset, key, headers, value)
            for number, (offset, key, headers, value, _) in enumerate(rows)
        ]
    servers = "b-2.curated.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,b-1.curated.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092"
    return {"eventSource": "aws:kafka", "eventSourceArn": ARN, "bootstrapServers": servers, "records": records}


def expected():
    outcomes, letters, items = dict.fromkeys(OUTCOMES, 0), [], []
    for name, rows in PARTITIONS.items():
        for offset, *_, documents in rows:
            for sub_sequence, became in enumerate(documents):
                identity = uuid.uuid5(NAMESPACE, f"{ARN}\n{name}\n{offset}\n{sub_sequence}")
                if became is None:
                    outcomes["filtered"] += 1
                elif isinstance(became, str):
                    outcomes["rejected"] += 1
                    letter = {"id": str(uuid.uuid5(NAMESPACE, f"{identity}\n{became}")), "reason": became}
                    letters.append(letter | {"sequence": str(offset), "sub_sequence": sub_sequence})
                else:
                    outcomes["persisted"] += 1
                    items.append(item(identity, became))
    items.sort(key=lambda each: each["CurationRecordId"]["S"])
    records = sum(len(rows) for rows in PARTITIONS.values())
    return {"batch_id": "batch-1", "records": records, "outcomes": outcomes, "checkpoint": None, "letters": letters, "items": items}


if __name__ == "__main__":
    (EVENTS / "kafka.json").write_text(json.dumps(event(), indent=2) + "\n")
    (EVENTS / "kafka.expected.json").write_text(json.dumps(expected(), indent=2) + "\n")
