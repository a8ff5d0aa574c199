"""Makes the aggregates and compressed files in this folder, with AWS's own library for producers and other people's compressors.

python -m venv V && V/bin/pip install -r requirements.txt && V/bin/python make.py
"""

import base64
import gzip
import hashlib
import importlib.util
import struct
import sys
import zlib
from pathlib import Path

import zstandard

# Its modules name each other as if they lay outside their package.
sys.path += importlib.util.find_spec("aws_kinesis_agg").submodule_search_locations

from aws_kinesis_agg import MAGIC, messages_pb2
from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records

HERE = Path(__file__).parent
A, B, C = b'{"id":"a"}', b'{"id":"b"}', b'{"id":"c"}'


def zipped(data):
    return gzip.compress(data, mtime=0)


def aggregate(*user_records):
    """The official library's aggregate of (partition key, data, explicit hash key)."""
    aggregator = RecordAggregator()
    for key, data, hash_key in user_records:
        aggregator.add_user_record(key, data, hash_key)
    return aggregator.clear_and_get().get_contents()[2]


def sealed(message):
    """An aggregate that the official library would not make, of its own message type."""
    body = message if isinstance(message, bytes) else message.SerializeToString()
    return MAGIC + body + hashlib.md5(body).digest()


def message(keys, hash_keys, *records):
    """Records are (index of partition key, index of explicit hash key or None, data)."""
    made = messages_pb2.AggregatedRecord(partition_key_table=keys, explicit_hash_key_table=hash_keys)
    for index, hash_index, data in records:
        record = made.records.add(partition_key_index=index, data=data)
        if hash_index is not None:
            record.explicit_hash_key_index = hash_index
    return made


def read(aggregated):
    """What the official de-aggregator reads: partition keys and data."""
    outer = {"kinesis": {"data": base64.b64encode(aggregated), "partitionKey": "outer", "sequenceNumber": "1", "kinesisSchemaVersion": "1.0"}}
    outer["kinesis"]["approximateArrivalTimestamp"] = 1.0
    user_records = deaggregate_records([outer])
    return [(each["kinesis"]["partitionKey"], base64.b64decode(each["kinesis"]["data"])) for each in user_records]


def aggregates():
    several = aggregate(("key-1", A, "1"), ("key-2", zipped(B), None), ("clé", C, "340282366920938463463374607431768211455"), ("key-1", B, None))
    assert read(several) == [("key-1", A), ("key-2", zipped(B)), ("clé", C), ("key-1", B)]
    nested = aggregate(("inner", aggregate(("key", A, None)), None), ("key", B, None))
    assert [key for key, _ in read(nested)] == ["inner", "key"], "not opened again"
    yield "kpl-python.bin", several
    yield "kpl-nested.bin", nested
    yield "kpl-broken-gzip.bin", aggregate(("key-1", A, None), ("key-2", zipped(B)[:-9], None), ("key-3", C, None))
    yield "kpl-no-records.bin", sealed(message(["key"], []))
    assert read(sealed(message(["key"], []))) == []
    yield "kpl-no-message.bin", sealed(b"")
    yield "kpl-wrong-sum.bin", several[:-1] + bytes([several[-1] ^ 1])
    assert read(several[:-1] + bytes([several[-1] ^ 1]))[0][0] == "outer"
    yield "kpl-key-out-of-range.bin", sealed(message(["key"], [], (0, None, A), (1, None, B), (0, None, C)))
    yield "kpl-hash-key-out-of-range.bin", sealed(message(["key"], ["5"], (0, 0, A), (0, 1, B), (0, None, C)))
    # Tags, and a field that is not in the format.
    tagged = message(["key"], [], (0, None, A))
    tagged.records[0].tags.add(key="k", value="v")
    yield "kpl-unknown-fields.bin", sealed(tagged.SerializeToString() + b"\x7a\x03new\x80\x01\x07")


def skippable(data):
    return struct.pack("<II", 0x184D2A50, len(data)) + data


def compressed():
    yield "members.gz", zipped(b'{"id":') + zipped(b"") + zipped(b'"a"}') + bytes(9)
    # With extra field, name, comment and the header's own sum.
    header = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x03\x00xyzname\0comment\0"
    named = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + zipped(A)[10:]
    assert gzip.decompress(named) == A
    yield "every-header-field.gz", named
    for level in (0, 1, 5, 6, 9):
        stream = zlib.compressobj(level)
        yield f"level-{level}.zlib", stream.compress(A) + stream.flush()
    pack = zstandard.ZstdCompressor(level=3, write_checksum=True).compress
    unsized = zstandard.ZstdCompressor(level=3, write_content_size=False).compress(A)
    yield "frames.zst", pack(b'{"id":') + skippable(b"passed over") + pack(b"") + pack(b'"a"}') + skippable(b"")
    yield "skippable-first.zst", skippable(b"x") + pack(A)
    yield "no-size.zst", unsized
    # A single segment that claims a terabyte, and a window of one; the block behind them holds seven bytes.
    block = struct.pack("<I", 7 << 3 | 1)[:3] + b'{"a":1}'
    yield "terabyte.zst", b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 40) + block
    yield "terabyte-window.zst", b"\x28\xb5\x2f\xfd\x00" + bytes([30 << 3]) + block
    # A terabyte of content behind a small window: a decoder that does not believe it runs out of input.
    yield "terabyte-content.zst", b"\x28\xb5\x2f\xfd\xc0\x00" + struct.pack("<Q", 1 << 40) + block


if __name__ == "__main__":
    for name, data in [*aggregates(), *compressed()]:
        (HERE / name).write_bytes(data)
