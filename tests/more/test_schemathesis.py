"""The ingest server against its own description: whatever schemathesis makes of `/openapi.json`, fit and unfit, is answered as that says."""

import os
import re
from pathlib import Path

import pytest

import harness
import tools

KEY = "a-key-for-the-tests-alone"
HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
SECONDS = 600
EXAMPLES = 150
SEED = "20260312"

# Nothing here is an object of its own that could be used after it is gone.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]


def look(url, directory, *options):
    """Runs schemathesis; the same requests every time. Returns what it said."""
    command = ["schemathesis", "--config-file", os.devnull, "run", f"{url}openapi.json", "--checks", ",".join(CHECKS)]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--continue-on-failure"]
    command += ["--seed", SEED, "--generation-database", "none", "--warnings", "off", "--no-color", *options]
    environment = tools.environment(SCHEMATHESIS_HOOKS=str(HOOKS))
    return harness.run(command, SECONDS, cwd=directory, env=environment).stdout


def cases(said):
    return int(re.search(r"^ *(\d+) generated", said, re.MULTILINE)[1])


@pytest.mark.parametrize("keys", ["", f"{KEY},another-key-of-the-tests"], ids=["open", "with keys"])
def test_schemathesis_finds_nothing(tmp_path, keys):
    options = ["--header", f"Authorization: Bearer {KEY}"] if keys else []
    with harness.serving("ingest", tmp_path, API_KEYS=keys) as url:
        said = look(url, tmp_path, *options)

    assert cases(said) > EXAMPLES, said
