"""The tools that stand beside this Python, and how they are called."""

import contextlib
import importlib.util
import io
import json
import os
import platform
import sys
import urllib.request
import zipfile
from pathlib import Path

import harness

# cargo-lambda fetches missing parts of the toolchain by itself; a test downloads nothing.
GUARD = {"RUSTUP_DIST_SERVER": "http://127.0.0.1:9", "RUSTUP_UPDATE_ROOT": "http://127.0.0.1:9"}

ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
BUILD_SECONDS = 2700


def environment(**more):
    """The environment in which sam, cfn-lint, cargo-lambda and ministack are found."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return harness.environment(PATH=path, CARGO_TERM_COLOR="never", SAM_CLI_TELEMETRY="0", **GUARD, **more)


@contextlib.contextmanager
def ministack(directory):
    """An AWS that runs functions as plain processes and has event source mappings; yields its endpoint."""
    port = harness.free_port()
    options = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LAMBDA_EXECUTOR": "local",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
    }
    with harness.Server(["ministack"], cwd=directory, env=environment(**options)) as server:
        server.listening(port)
        yield f"http://127.0.0.1:{port}"


def zipped(program):
    """A package that holds this program."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


class Emulator:
    """A function under AWS's Runtime Interface Emulator, as `sam local` runs it."""

    def __init__(self, server, port):
        self.server = server
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def invoke(self, event):
        """What Lambda would answer, as text; so is the event."""
        with urllib.request.urlopen(self.url, event.encode(), timeout=harness.SECONDS) as answer:
            return answer.read().decode()

    def outcomes(self):
        """What the log lines of persist say became of the documents, an invocation after the other."""
        lines = [json.loads(line) for line in list(self.server.output) if line.startswith("{")]
        return [line["outcomes"] for line in lines if "outcomes" in line]


@contextlib.contextmanager
def emulator(program, directory, **settings):
    """The program, started at the first invocation and kept for the next ones."""
    rapid = Path(importlib.util.find_spec("samcli").origin).parent / "local" / "rapid"
    port, runtime = harness.free_port(), harness.free_port()
    command = [str(rapid / f"aws-lambda-rie-{ARCHITECTURE}"), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{runtime}", str(program)]
    with harness.Server(command, cwd=directory, env=harness.environment(**settings)) as server:
        server.listening(port)
        yield Emulator(server, port)
