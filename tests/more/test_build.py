"""What `sam build` makes of the template: one lean program a function, and nothing of the command line in them."""

import platform

import pytest

from tools import ARCHITECTURE

MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


@pytest.mark.parametrize("name", ["Persist", "Ingest", "Relay"])
def test_a_package_is_one_program_for_lambda(build, name):
    folder = build.folders[name]
    assert [file.name for file in folder.iterdir()] == ["bootstrap"]
    head = (folder / "bootstrap").read_bytes()[:20]
    assert head[:4] == b"\x7fELF", f"no Linux program, built on {platform.system()}"
    assert int.from_bytes(head[18:20], "little") == MACHINES[ARCHITECTURE]


def test_neither_command_line_nor_emulator_is_compiled(build):
    # cargo keeps a folder for each package that it ever compiled here, named PACKAGE-HASH.
    compiled = {folder.name.rpartition("-")[0] for folder in build.target.glob("**/.fingerprint/*")}
    assert {"tablefeed", "tablefeed-ingest", "tablefeed-relay", "aws-sdk-dynamodb"} <= compiled, "looked in the wrong place"
    heavy = {"clap", "dynoxide-rs", "tablefeed-local", "tablefeed-cli", "aws-lc-sys"}
    assert compiled & heavy == set()


def test_each_function_has_a_program_of_its_own(build):
    programs = {name: (folder / "bootstrap").read_bytes() for name, folder in build.folders.items()}
    assert [name for name, program in programs.items() if b"EGRESS_API_HOST" in program] == ["Ingest"]
    assert [name for name, program in programs.items() if b"webhook-signature" in program] == ["Relay"]
    # The relay's server keeps its state in SQLite; its function keeps none.
    assert [name for name, program in programs.items() if b"SQLite format 3" in program] == []
