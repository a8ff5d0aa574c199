"""What every test here stands on: servers to start, the command line to run, tables and queues to read.

This is the one file that knows what `tablefeed` prints and what a letter looks like inside. Nothing here is skipped: what is missing
raises. Every wait has an end.
"""

import base64
import contextlib
import json
import os
import queue
import socket
import subprocess
import threading
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"

TABLE = "CuratedRecords"
INDEX = "BatchId-DataTableName-index"
QUEUE = "tablefeed-letters"
PARAMETER = "/tablefeed/latest-batch-id"

REGION = "us-east-1"
SECONDS = 60  # the longest that anything but a build may take


# Processes


def binary():
    """The command line under test, as the Makefile names it."""
    path = os.environ.get("TABLEFEED_BIN")
    if not path:
        raise RuntimeError("TABLEFEED_BIN is not set: run `make test`, or set it to the path of the command `tablefeed`")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"TABLEFEED_BIN is {path}, which is no program: run `cargo build --workspace --bins`")
    return str(Path(path).resolve())


def environment(**more):
    """The caller's environment without its AWS settings, with credentials that open nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    } | more


def run(command, seconds=SECONDS, **options):
    """Runs a command to its end and returns it; its whole output is in the error if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds, **options)
    if done.returncode != 0:
        shown = " ".join(map(str, command))
        raise AssertionError(f"{shown}: exit code {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
    return done


class Server:
    """A process that runs until the block ends. Its output is kept in `output`, a line each."""

    def __init__(self, command, **options):
        self.command = command
        self.options = options
        self.output = []
        self._new = queue.Queue()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **self.options,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_):
        # The group: cargo and ministack have children of their own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 15)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait(10)
        self._reader.join(10)

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))
            self._new.put(line.rstrip("\n"))
        self._new.put(None)

    def line(self, beginning, seconds=SECONDS):
        """The rest of the first line that begins so."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._new.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line {beginning!r} within {seconds} s; {self.said()}") from None
            if line is None:
                raise AssertionError(f"ended without a line {beginning!r}; {self.said()}")
            if line.startswith(beginning):
                return line[len(beginning) :].strip()

    def listening(self, port, seconds=SECONDS):
        """Waits until something accepts connections at the port."""

        def connects():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}; {self.said()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        until(f"a server at port {port}", connects, seconds)

    def said(self):
        return f"{self.command[0]} said:\n" + "\n".join(self.output[-50:])


def until(what, probe, seconds=SECONDS):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def free_port():
    """A port that was free a moment ago, for servers that cannot be asked which one they took."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


# Servers


@contextlib.contextmanager
def emulate(directory):
    """The embedded AWS, its state in the directory; yields its endpoint."""
    command = [binary(), "emulate", "--port", "0", "--dir", str(directory)]
    with Server(command, cwd=directory, env=environment()) as server:
        yield server.line("endpoint: ")


@contextlib.contextmanager
def serving(command, directory, **settings):
    """`tablefeed COMMAND`, a server, on the embedded AWS in the directory; yields its URL, with a slash at its end."""
    started = [binary(), command, "--port", "0", "--dir", str(directory)]
    with Server(started, cwd=directory, env=environment(**settings)) as server:
        yield "http://" + server.line("http://")


@contextlib.contextmanager
def moto():
    """moto's server in a thread, empty; yields its endpoint."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        # Its state is the process's, and another test was here before.
        reset = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset, timeout=SECONDS).close()
        yield endpoint
    finally:
        server.stop()


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(connect_timeout=5, read_timeout=SECONDS, retries={"total_max_attempts": 1}),
    )


def create_resources(endpoint, batch):
    """Table, parameter and queue, for a function that is not started by the command line. Returns the queue's URL."""
    dynamodb = client("dynamodb", endpoint)
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(**json.loads((ROOT / "tables/curated-records.json").read_text()))
    until("an active table", lambda: dynamodb.describe_table(TableName=TABLE)["Table"]["TableStatus"] == "ACTIVE")
    client("ssm", endpoint).put_parameter(Name=PARAMETER, Value=batch, Type="String", Overwrite=True)
    return client("sqs", endpoint).create_queue(QueueName=QUEUE)["QueueUrl"]


# The command line


def invoke(event, endpoint, directory, *arguments):
    """`tablefeed invoke` against the endpoint, in a directory of its own; returns its JSON summary."""
    command = [binary(), "invoke", str(event), "--endpoint-url", endpoint, "--json", *arguments]
    return json.loads(run(command, cwd=directory, env=environment()).stdout)


def response(summary):
    """What Lambda would have been answered."""
    return summary["response"]


# Tables and queues, read with boto3


def items(endpoint, table=TABLE):
    """Every item in wire form, {name: {type: value}}, in an order of its own."""
    pages = client("dynamodb", endpoint).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    found = [item for page in pages for item in page["Items"]]
    return sorted(found, key=lambda item: json.dumps(item, sort_keys=True, default=repr))


def messages(endpoint, name=QUEUE):
    """Takes every message out of the queue."""
    sqs = client("sqs", endpoint)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    taken = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=["All"], VisibilityTimeout=60
        )
        found = answer.get("Messages", [])
        if not found:
            return taken
        entries = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(found)]
        refused = sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
        if refused:
            raise AssertionError(f"messages that cannot be deleted: {refused}")
        taken += found


def letter(message):
    """A message's letter: what says which it is and why, apart from what differs between two invocations."""
    body = json.loads(message["Body"])
    return {
        "id": body["id"],
        "reason": body["reason"],
        "sequence": body["sequence"],
        "data": body["data"],
        "attributes": {name: value["StringValue"] for name, value in message["MessageAttributes"].items()},
    }


def letters(endpoint):
    """Takes every letter out of the queue; those with the same id are one."""
    return {each["id"]: each for each in map(letter, messages(endpoint))}


# What the curated mapping makes of an event, told a second time


def typed(value):
    """A value beside its type, so that 1, True and "1" are three things; a number by its value, 1.10 is 1.1."""
    return type(value).__name__, value.normalize() if isinstance(value, Decimal) else value


def typed_item(item):
    """An item's attributes, typed, its identity left out: nobody can tell that beforehand."""
    read = TypeDeserializer().deserialize
    return {name: typed(read(value)) for name, value in item.items() if name != "CurationRecordId"}


def by_identity(found):
    return {item["CurationRecordId"]["S"]: typed_item(item) for item in found}


def documents(event):
    """The JSON objects that an event's records carry, numbers with all their digits."""
    for record in json.loads(Path(event).read_text())["Records"]:
        text = base64.b64decode(record["kinesis"]["data"]).decode()
        try:
            values = [json.loads(text, parse_int=Decimal, parse_float=Decimal)]
        except json.JSONDecodeError:
            values = [json.loads(line, parse_int=Decimal, parse_float=Decimal) for line in text.splitlines() if line.strip()]
        for value in values:
            yield from value if isinstance(value, list) else [value]


def curated(document, batch):
    """The attributes of a curated record, typed."""
    optional = {
        "State": "state",
        "TotalNumCuratedRecords": "num-records",
        "IsHistorical": "is-historical",
        "Year": "year",
        "Month": "month",
    }
    attributes = {
        "BatchId": batch,
        "DataTableName": document["table-name"],
        "S3Key": f"s3://{document['bucket-name']}/{document['s3-key']}",
    } | {name: document[field] for name, field in optional.items() if field in document}
    return {name: typed(value) for name, value in attributes.items()}


def curated_items(event, batch):
    """What an event without poison leaves in the table, in the order of `in_order`."""
    return in_order(curated(each, batch) for each in documents(event) if each["s3-key"].startswith("waze/"))


def in_order(typed_items):
    return sorted(typed_items, key=lambda item: repr(sorted(item.items())))
