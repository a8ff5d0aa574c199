"""What the pages tell people to type is run as it stands, and what it prints is held against the page.

The `sh` blocks of a page are run in order, as in one terminal, in a directory that looks like the repository. A `text` block that follows
one at once is all that it prints, both streams: `…` alone on a line stands for any lines, `…` within a line for any text. A comment in
front of a block says what is otherwise:

    exit code 3             how it ends, if not with 0
    terminal, until "TEXT"  it runs on in a terminal of its own, to the end of the page; a line that begins so is waited for
    in the terminal of "X"  a text block: lines that the terminal whose command holds X prints
    Lambda delivers         before it, what is in the stream goes through the function and into the cloud's table
    elsewhere: WHERE        it is not run here; `ELSEWHERE` below lists all of these

Ports that pages name are replaced by free ones, in commands and, the other way round, in what is printed. The cloud is moto, with the
deployment on which the doctor is tested.
"""

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from moto.core.config import default_user_config

import harness
import test_doctor
from harness import ROOT, Server, binary, client, environment, free_port

PAGES = ["README.md", "docs/tutorial.md", "docs/ingest.md", "docs/relay.md", "docs/tables.md"]

# What is not run here, and where it is. Nothing else may be marked so.
ELSEWHERE = {
    "it is what runs this": ["make test"],
    "it takes minutes and judges nothing": ["make bench-relay"],
    "tests/more/test_lambda.py": [
        "export AWS_ENDPOINT_URL=http://127.0.0.1:8000 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1\n"
        "export TABLE=CuratedRecords LATEST_BATCH_ID=/tablefeed/latest-batch-id "
        "DLQ_URL=http://127.0.0.1:8000/000000000000/tablefeed-letters\n"
        "cargo lambda watch",
        "cargo lambda invoke persist --data-file events/curated.json",
    ],
    "tests/more/test_build.py and tests/more/test_template.py build and judge what this deploys; deploying needs an account": [
        "make build\nmake deploy",
        "make build\nmake deploy",
        "git pull\nmake deploy",
        "make delete",
    ],
}

BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]+) -->\n)?^```(?P<kind>sh|text)\n(?P<text>.*?)^```$", re.M | re.S)


def blocks(page):
    """Each block: mark, kind, text, and whether it follows the one before it at once."""
    text, end = (ROOT / page).read_text(), 0
    for found in BLOCK.finditer(text):
        yield found["mark"] or "", found["kind"], found["text"], not text[end : found.start()].strip()
        end = found.end()


def matches(shown, printed):
    """Whether what was printed is what the page shows."""
    lines = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in shown.splitlines()]
    return re.fullmatch("".join(lines), re.sub(r"[ \t]+$", "", printed, flags=re.M).rstrip("\n") + "\n") is not None


class Ports:
    """A free port for each that pages name, or that is a command's default."""

    def __init__(self):
        self.free = {documented: str(free_port()) for documented in ["3000", "8000", "8080"]}

    def command(self, text):
        for documented, free in self.free.items():
            text = re.sub(rf"\b{documented}\b", free, text)
        text = text.replace("tablefeed ingest", f"tablefeed ingest --port {self.free['8080']}")
        text = text.replace("tablefeed relay", f"tablefeed relay --port {self.free['3000']}")
        text = text.replace("tablefeed listen", f"tablefeed listen --relay http://127.0.0.1:{self.free['3000']}")
        return text.replace("make services", f"make services PORT={self.free['8000']}")

    def printed(self, text):
        for documented, free in self.free.items():
            text = re.sub(rf"\b{free}\b", documented, text)
        return text


class Cloud(test_doctor.Deployment):
    """What `make deploy` leaves behind, its outputs included, in moto."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        outputs = {
            "FunctionName": test_doctor.FUNCTION,
            "StreamArn": self.stream_arn,
            "TableName": harness.TABLE,
            "LettersUrl": self.queue_url,
            "FailedEventsBucket": "failed-events",
        }
        topic = {"Topic": {"Type": "AWS::SNS::Topic"}}  # a stack must have something
        template = {"Resources": topic, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
        self.cloudformation.create_stack(StackName="tablefeed", TemplateBody=json.dumps(template))

    def deliver(self, directory):
        """What the event source mapping does: the stream's records are an event, and the function has it."""
        records = []
        for shard in self.kinesis.list_shards(StreamName=test_doctor.STREAM)["Shards"]:
            at = {"StreamName": test_doctor.STREAM, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = self.kinesis.get_shard_iterator(**at)["ShardIterator"]
            records += [self.record(shard["ShardId"], each) for each in self.kinesis.get_records(ShardIterator=iterator)["Records"]]
        assert records, "nothing is in the stream"
        event = Path(directory) / ".event.json"
        event.write_text(json.dumps({"Records": records}))
        settings = [f"--set=DLQ_URL={self.queue_url}", f"--set=LATEST_BATCH_ID={harness.PARAMETER}", f"--set=TABLE={harness.TABLE}"]
        harness.invoke(event, self.endpoint, directory, *settings)

    def record(self, shard, record):
        return {
            "eventSource": "aws:kinesis",
            "eventID": f"{shard}:{record['SequenceNumber']}",
            "eventSourceARN": self.stream_arn,
            "kinesis": {
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                "data": base64.b64encode(record["Data"]).decode(),
            },
        }


class Reader:
    """Somebody who types what a page says."""

    def __init__(self, directory, cloud, stack):
        self.directory, self.cloud, self.stack = directory, cloud, stack
        self.ports, self.terminals = Ports(), {}
        for name in ["Makefile", "events", "src", "tables"]:
            (directory / name).symlink_to(ROOT / name)
        (directory / "target/debug").mkdir(parents=True)
        (directory / "target/debug/tablefeed").symlink_to(binary())
        # `make test` has built what is under test; here nothing else may be built.
        cargo = directory / ".bin/cargo"
        cargo.parent.mkdir()
        cargo.write_text('#!/bin/sh\n[ "$*" = "build --workspace --bins" ]\n')
        cargo.chmod(0o755)
        self.exports = directory / ".exports"
        self.exports.touch()
        paths = [cargo.parent, Path(sys.executable).parent, os.environ["PATH"]]
        self.environment = environment(PATH=":".join(map(str, paths)), HOME=str(directory), AWS_ENDPOINT_URL=cloud.endpoint)
        for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CARGO_TARGET_DIR"]:
            self.environment.pop(name, None)

    def types(self, block):
        """Runs a block to its end; what one exports the next ones have. Returns what was printed, and the exit code."""
        script = f"set -e\n. {self.exports}\ntrap 'export -p > {self.exports}' EXIT\n{self.ports.command(block)}"
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.directory, env=self.environment, timeout=harness.SECONDS, check=False, **options
        )
        return self.ports.printed(done.stdout), done.returncode

    def opens(self, block, beginning):
        """Runs a block in a terminal of its own, until it prints a line that begins so."""
        command = ["bash", "-c", self.ports.command(block)]
        terminal = self.stack.enter_context(Server(command, cwd=self.directory, env=self.environment))
        terminal.line(self.ports.command(beginning))
        self.terminals[block] = terminal

    def reads(self, page):
        """The page from its beginning to its end."""
        printed = None
        for mark, kind, text, follows in blocks(page):
            if seen := re.fullmatch(r'in the terminal of "(.+)"', mark):
                [terminal] = [terminal for block, terminal in self.terminals.items() if seen[1] in block]
                for line in text.splitlines():
                    assert terminal.line(line) == "", f"{page}: {line}"
            elif kind == "text":
                if follows and printed is not None:
                    assert matches(text, printed), f"{page} shows\n{text}\nbut this was printed:\n{printed}"
                printed = None
            elif mark.startswith("elsewhere: "):
                printed = None
            elif begins := re.fullmatch(r'terminal, until "(.+)"', mark):
                self.opens(text, begins[1])
                printed = None
            else:
                if mark == "Lambda delivers":
                    self.cloud.deliver(self.directory)
                expected = int(mark.removeprefix("exit code ")) if mark.startswith("exit code ") else 0
                printed, code = self.types(text)
                assert code == expected, f"{page}: exit code {code} of\n{text}\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_can_be_typed_and_prints_what_the_page_shows(page, tmp_path, monkeypatch):
    # moto would run the function itself, in a container.
    monkeypatch.setitem(default_user_config["lambda"], "use_docker", False)
    with contextlib.ExitStack() as stack:
        cloud = Cloud(stack.enter_context(harness.moto()))
        Reader(tmp_path, cloud, stack).reads(page)


def test_what_the_pages_do_not_run_here_is_run_elsewhere_or_said_why_not():
    marked = {}
    for page in PAGES:
        for mark, kind, text, _ in blocks(page):
            if kind == "sh" and mark.startswith("elsewhere: "):
                marked.setdefault(mark.removeprefix("elsewhere: "), []).append(text.strip())
    assert marked == ELSEWHERE
    for where in ELSEWHERE:
        for file in re.findall(r"tests/\S+\.py", where):
            assert (ROOT / file).is_file(), where
