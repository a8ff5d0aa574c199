"""What the function costs, where it can be counted: nothing here looks at a clock.

Calls and allocations of an event are counted by `benches/function/work/tests/work.rs`, in `make test`.
"""

import os
import platform
import re
import shutil
from pathlib import Path

import pytest

import harness
import tools
from harness import ROOT

INSTRUCTIONS = ROOT / "benches" / "function" / "instructions.txt"
RECORDS = 1000
TIMES = 5
PERCENT = 5

# What it has, and 3 % more: docs/performance.md says of what it consists.
MOST_BYTES = 9_200_000


def counted(program, times):
    """The instructions of a process in which the function handles an event so many times."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", program, str(RECORDS), str(times)]
    said = harness.run(command, 300, env=tools.environment()).stderr
    return int(re.search(r"Collected : (\d+)", said)[1])


@pytest.fixture(scope="module")
def release():
    """The folder of the release build, which `make test` has made already with the same selection."""
    build = ["cargo", "build", "--release", "-p", "tablefeed", "-p", "tablefeed-bench-work", "--bins", "--locked"]
    harness.run(build, tools.BUILD_SECONDS, cwd=ROOT, env=tools.environment())
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def test_an_invocation_takes_the_instructions_that_it_took(release):
    assert shutil.which("valgrind"), "valgrind is missing; install it: apt-get install valgrind"
    program = release / "bench-function-work"
    # What the process takes to start is in both.
    instructions = (counted(program, 1 + TIMES) - counted(program, 1)) // TIMES

    baselines = dict(re.findall(r"^(\w+) (\d+)$", INSTRUCTIONS.read_text(), re.M))
    now = f"{platform.machine()} {instructions}"
    assert platform.machine() in baselines, f"{INSTRUCTIONS.name} has no line for this machine; add one: {now}"
    baseline = int(baselines[platform.machine()])
    change = 100 * (instructions - baseline) / baseline
    assert abs(change) <= PERCENT, f"{change:+.1f} % against {INSTRUCTIONS.name}; if that is meant, commit '{now}' and say why"


def test_the_function_is_small(release):
    size = (release / "persist").stat().st_size
    assert size <= MOST_BYTES, f"{size} bytes, more than {MOST_BYTES}"


def features():
    """The features of each crate in the function, by the crate's name and version."""
    tree = ["cargo", "tree", "-p", "tablefeed", "-e", "normal", "--prefix", "none", "--format", "{p}|{f}", "--locked"]
    lines = harness.run(tree, cwd=ROOT, env=tools.environment()).stdout.splitlines()
    split = (line.split("|") for line in lines)
    return {tuple(crate.split()[:2]): set(names.removesuffix(" (*)").split(",")) - {""} for crate, names in split}


def test_the_function_carries_one_http_stack_and_one_tls_stack():
    crates = features()
    names = [name for name, _ in crates]
    assert {"tokio", "rustls", "hyper", "aws-sdk-dynamodb"} <= set(names), "looked in the wrong place"
    for single in ("hyper", "hyper-rustls", "rustls", "ring", "h2", "http", "tokio"):
        assert names.count(single) <= 1, [crate for crate in crates if crate[0] == single]
    assert not any(name.startswith("aws-lc") for name in names)
    assert not any(name == "hyper" and version.startswith("v0.") for name, version in crates)


def test_no_crate_of_the_function_has_a_feature_that_costs_its_start():
    wanted = {"aws-sdk-dynamodb": {"rt-tokio"}, "aws-sdk-sqs": {"rt-tokio"}, "aws-sdk-ssm": {"rt-tokio"}, "lambda_runtime": set()}
    refused = {"rustls": {"aws_lc_rs", "aws-lc-rs", "fips"}, "aws-smithy-http-client": {"rustls-aws-lc", "rustls-aws-lc-fips", "hyper-014", "legacy-rustls-ring"}}
    for (name, _), has in features().items():
        assert name not in wanted or has == wanted[name], (name, has)
        assert not has & refused.get(name, set()), (name, has)
