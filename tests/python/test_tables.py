"""Tables as code, seen by boto3: the definitions, and the items that the command line wrote. The same against moto."""

import json
import subprocess
from decimal import Decimal

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer

import harness
from harness import ROOT, binary, client, environment, run

TABLES = sorted((ROOT / "tables").glob("*.json"))

TYPED = {
    "key": {"S": "5"},
    "status": {"S": "ERROR"},
    "n": {"N": "12345678901234567890123456789012345678"},
    "small": {"N": "-0.00000000000000000000000000000000001"},
    "b": {"B": "AAH/"},
    "ss": {"SS": ["a", "é"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": ["AA==", "AQ=="]},
    "nested": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"S": ""}]}}},
}


@pytest.fixture(params=["embedded", "moto"])
def endpoint(request, tmp_path):
    with harness.emulate(tmp_path) if request.param == "embedded" else harness.moto() as url:
        yield url


@pytest.fixture
def tablefeed(endpoint, tmp_path):
    def call(*arguments):
        return run([binary(), *arguments, "--endpoint-url", endpoint], cwd=tmp_path, env=environment()).stdout

    return call


@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.stem)
def test_a_definition_makes_the_table_that_boto3_makes_of_it(file, endpoint, tablefeed):
    definition = json.loads(file.read_text())
    name = definition["TableName"]
    dynamodb = client("dynamodb", endpoint)
    if name not in dynamodb.list_tables()["TableNames"]:
        assert tablefeed("table", "create", str(file)) == f"created {name}\n"
    assert "is there already" in tablefeed("table", "create", str(file))
    dynamodb.create_table(**definition | {"TableName": "ByBoto3"})

    def shape(table):
        found = dynamodb.describe_table(TableName=table)["Table"]
        indexes = [(index["IndexName"], index["KeySchema"], index["Projection"]) for index in found.get("GlobalSecondaryIndexes", [])]
        attributes = sorted(found["AttributeDefinitions"], key=str)
        return found["TableStatus"], found["KeySchema"], attributes, found["BillingModeSummary"]["BillingMode"], indexes

    assert shape(name) == shape("ByBoto3")
    assert "is as" in tablefeed("table", "diff", str(file), "--name", "ByBoto3")


def test_boto3_reads_back_what_was_put(endpoint, tablefeed):
    tablefeed("table", "create", str(ROOT / "tables/log.json"))
    tablefeed("item", "put", "Log", json.dumps(TYPED), "--typed")

    (found,) = client("dynamodb", endpoint).scan(TableName="Log")["Items"]
    found = {name: TypeDeserializer().deserialize(value) for name, value in found.items()}
    assert found == {
        "key": "5",
        "status": "ERROR",
        "n": Decimal("12345678901234567890123456789012345678"),
        "small": Decimal("-0.00000000000000000000000000000000001"),
        "b": Binary(b"\x00\x01\xff"),
        "ss": {"a", "é"},
        "ns": {Decimal(1), Decimal("2.5")},
        "bs": {Binary(b"\x00"), Binary(b"\x01")},
        "nested": {"list": [None, False, ""]},
    }
    assert json.loads(tablefeed("item", "get", "Log", "--key", "key=5", "--typed", "--json")) == TYPED


def test_plain_items_are_found_by_an_index(endpoint, tablefeed):
    tablefeed("table", "create", str(ROOT / "tables/log.json"))
    for number in range(6):
        item = {"key": str(number), "status": "ERROR" if number % 2 else "INFO", "updated_at": number}
        tablefeed("item", "put", "Log", json.dumps(item))
    query = ["item", "query", "Log", "--index", "Status", "--key", "status=ERROR", "--json"]

    found = [json.loads(line) for line in tablefeed(*query).splitlines()]
    assert sorted(item["key"] for item in found) == ["1", "3", "5"]
    found = [json.loads(line) for line in tablefeed(*query, "--where", "updated_at=3").splitlines()]
    assert [item["key"] for item in found] == ["3"]
    tablefeed("item", "update", "Log", "--key", "key=1", "--set", "status=WARNING")
    updated = client("dynamodb", endpoint).get_item(TableName="Log", Key={"key": {"S": "1"}})["Item"]
    assert updated == {"key": {"S": "1"}, "status": {"S": "WARNING"}, "updated_at": {"N": "1"}}


def test_services_start_once_and_stop(tmp_path):
    def make(target):
        command = ["make", "-f", str(ROOT / "Makefile"), target, "COMPILED=true", f"TABLEFEED={binary()}", "PORT=0"]
        return run(command, cwd=tmp_path, env=environment()).stdout

    assert "no services run" in make("stop")
    try:
        said = make("services")
        endpoint = said.split("endpoint: ")[1].split()[0]
        assert client("dynamodb", endpoint).list_tables()["TableNames"] == ["CuratedRecords"]
        assert endpoint in make("services"), "a second start finds the first"
    finally:
        stopped = make("stop")
    assert "stopped" in stopped
    assert "no services run" in make("stop")


def test_services_whose_port_is_taken_say_so(tmp_path):
    with harness.moto() as url:
        port = url.rsplit(":", 1)[1]
        command = ["make", "-f", str(ROOT / "Makefile"), "services", "COMPILED=true", f"TABLEFEED={binary()}", f"PORT={port}"]
        done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=harness.SECONDS)
    assert done.returncode != 0
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
