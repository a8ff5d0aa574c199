"""What `sam build` makes of the template: one lean program, and nothing of the command line in it."""

import platform

from tools import ARCHITECTURE

MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


def test_the_package_is_one_program_for_lambda(build):
    assert [file.name for file in build.folder.iterdir()] == ["bootstrap"]
    head = build.bootstrap.read_bytes()[:20]
    assert head[:4] == b"\x7fELF", f"no Linux program, built on {platform.system()}"
    assert int.from_bytes(head[18:20], "little") == MACHINES[ARCHITECTURE]


def test_neither_command_line_nor_emulator_is_compiled(build):
    # cargo keeps a folder for each package that it ever compiled here, named PACKAGE-HASH.
    compiled = {folder.name.rpartition("-")[0] for folder in build.target.glob("**/.fingerprint/*")}
    assert {"tablefeed", "aws-sdk-dynamodb"} <= compiled, "looked in the wrong place"
    heavy = {"clap", "axum", "rusqlite", "libsqlite3-sys", "dynoxide-rs", "tablefeed-local", "tablefeed-cli", "aws-lc-sys"}
    assert compiled & heavy == set()
