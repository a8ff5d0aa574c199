"""The tools that stand beside this Python, and how they are called."""

import os
import platform
import sys
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
