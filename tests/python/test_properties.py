"""Any document for any key: rejected with a reason before a request, or stored alike by the embedded table and by moto's, digit for digit.

Each example is a table, a mapping and a few documents, written through `tablefeed invoke` to both servers. What ought to become of a
document is told by `model.py`; boto3 reads what did. Nothing is left to chance: the same tests, run together, draw the same examples.
"""

import base64
import itertools
import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, example, given, settings

import harness
import model
import shapes
from harness import client

EXAMPLES = 60
DOCUMENTS = 24
MOTO_ITEM = 400_000

REASONS = {
    *("bad_json", "missing_field", "wrong_key_type", "empty_key", "key_too_long", "bad_value", "number_out_of_range"),
    *("bad_attribute_name", "nesting_too_deep", "item_too_large"),
}


@pytest.fixture
def check(tmp_path):
    """Runs one case against both servers, and counts what became of its documents."""
    with harness.emulate(tmp_path) as embedded, harness.moto() as moto:
        yield Check(tmp_path, embedded, moto)


class Check:
    def __init__(self, directory, embedded, moto):
        self.directory, self.embedded, self.moto = directory, embedded, moto
        self.numbers = itertools.count(1)
        self.seen = Counter()

    def __call__(self, declared, documents):
        self.seen += self.at("the embedded table", self.embedded, declared, documents)
        # moto refuses items from 405,000 bytes on, in its own way of counting, where the limit is 409,600.
        for_moto = [text for text in documents if model.expected(text, declared).most < MOTO_ITEM]
        self.at("moto", self.moto, declared, for_moto)

    def at(self, server, endpoint, declared, documents):
        """Has documents written, and compares what became of them with what ought to; counts reasons."""
        (self.directory / "event.json").write_text(event(documents))
        (self.directory / "mapping.json").write_text(json.dumps(declared.mapping()))
        summary, found = self.written(endpoint, declared)
        rejected = {int(letter["sequence"]): letter["reason"] for letter in harness.letters(endpoint).values()}
        wanted = {}
        for number, text in enumerate(documents, 1):
            expected, reason = model.expected(text, declared), rejected.get(number)
            shown = f"{server}, {declared}, rejected as {reason}, expected {sorted(expected.reasons)}: {ascii(text[:2000])}"
            assert expected.rejected in (None, reason is not None), shown
            assert reason is None or reason in expected.reasons, shown
            if reason is None:
                wanted[model.key(expected.attributes, declared)] = expected.attributes
        assert_same(f"{server}, {declared}", wanted, found)
        superseded = len(documents) - len(rejected) - len(wanted)
        told = Counter(persisted=len(wanted), superseded=superseded, rejected=len(rejected))
        assert (Counter(summary["outcomes"]), summary["letters"]) == (told, Counter(rejected.values())), f"{server}, {declared}: {summary}"
        return Counter(rejected.values()) + Counter(stored=len(wanted))

    def written(self, endpoint, declared):
        """What the function says of the event, and the items that it left in a table of its own, by key."""
        table = f"Table{next(self.numbers)}"
        dynamodb = client("dynamodb", endpoint)
        dynamodb.create_table(TableName=table, **definition(declared))
        summary = harness.invoke("event.json", endpoint, self.directory, "--set", "MAPPING=mapping.json", "--set", f"TABLE={table}")
        assert (summary["response"], summary["systemic_failure"]) == ({"batchItemFailures": []}, None), f"{endpoint}: {summary}"
        items = [{name: model.wire(value) for name, value in item.items()} for item in harness.items(endpoint, table)]
        dynamodb.delete_table(TableName=table)
        return summary, {model.key(item, declared): item for item in items}


def assert_same(place, wanted, found):
    missing, more = (str(list(keys))[:1000] for keys in (wanted.keys() - found.keys(), found.keys() - wanted.keys()))
    assert found.keys() == wanted.keys(), f"{place}: keys {missing} are missing, {more} are too many"
    for key, item in wanted.items():
        different = [name for name in item.keys() | found[key].keys() if item.get(name) != found[key].get(name)]
        shown = [(name[:80], str(item.get(name))[:300], str(found[key].get(name))[:300]) for name in different]
        assert not different, f"{place}: attributes as they should be and as they are: {shown}"


def definition(declared):
    """CreateTable's input: an index for each attribute of that role, with the `index sort` behind it, if there is one, as its sort key."""
    table, indexes = [], []
    for name, role in declared.roles.items():
        if role == "index":
            indexes.append([])
        kind = "RANGE" if role.endswith("sort") else "HASH"
        (table if declared.required(name) else indexes[-1]).append({"AttributeName": name, "KeyType": kind})
    named = [
        {"IndexName": f"index-{number}", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}} for number, keys in enumerate(indexes)
    ]
    return {
        "KeySchema": table,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in declared.types.items()],
        "BillingMode": "PAY_PER_REQUEST",
    } | ({"GlobalSecondaryIndexes": named} if named else {})


def event(documents):
    """One record for each document, numbered from 1."""
    records = [
        {
            "kinesis": {
                "partitionKey": "k",
                "sequenceNumber": str(number),
                "data": base64.b64encode(text.encode()).decode(),
                "approximateArrivalTimestamp": 1.5,
            },
            "eventSource": "aws:kinesis",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
            "eventID": f"shardId-000000000000:{number}",
        }
        for number, text in enumerate(documents, 1)
    ]
    return json.dumps({"Records": records})


def test_any_document_is_rejected_with_a_reason_or_stored_alike_by_both_servers(check):
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        verbosity=Verbosity.quiet,
        deadline=None,
        # An example starts two processes: what fails is named by its message, not by making it smaller for minutes.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(shapes.cases(DOCUMENTS))
    @example(shapes.edges())
    def every_case(case):
        check(*case)

    every_case()
    assert check.seen["stored"] > check.seen.total() / 4, check.seen
    missing = REASONS - check.seen.keys()
    assert not missing, f"no document was rejected as {missing}: {check.seen}"
