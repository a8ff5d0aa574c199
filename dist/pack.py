"""Packs what is released: a zip for each function, the command line as a tarball, and their sums.

    dist/pack.py FOLDER COMMAND NAME=PROGRAM...

COMMAND is the program `tablefeed`, which tells its version and target, and writes its own man pages and completions; each NAME=PROGRAM is a
function as cargo-lambda built it. The same programs and SOURCE_DATE_EPOCH give the same bytes: entries are sorted, and all have one time and
one owner.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"]
COMPLETIONS = {"bash": "tablefeed.bash", "fish": "tablefeed.fish", "zsh": "_tablefeed"}
# Lambda's names for what an ELF file calls its machine.
ARCHITECTURES = {0x3E: "x86_64", 0xB7: "arm64"}
PROGRAM, TEXT = 0o755, 0o644


def said(command, *arguments):
    return subprocess.run([command, *arguments], check=True, capture_output=True, text=True).stdout


def architecture(program):
    if program[:4] != b"\x7fELF":
        raise SystemExit("a function is no Linux program: build it with cargo-lambda")
    return ARCHITECTURES[int.from_bytes(program[18:20], "little")]


def zipped(program, moment):
    """What Lambda takes: one program that is called bootstrap."""
    packed = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", time.gmtime(moment)[:6])
    entry.create_system = 3  # Unix: the mode counts
    entry.external_attr = (0o100000 | PROGRAM) << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, program, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def with_command(command):
    """The files of the tarball by their path, and each one's mode."""
    files = {"tablefeed": (command.read_bytes(), PROGRAM)}
    files |= {name: ((ROOT / name).read_bytes(), TEXT) for name in TEXTS}
    files |= {f"completions/{name}": (said(command, "completions", shell).encode(), TEXT) for shell, name in COMPLETIONS.items()}
    with tempfile.TemporaryDirectory() as folder:
        said(command, "man", folder)
        files |= {f"man/{page.name}": (page.read_bytes(), TEXT) for page in Path(folder).iterdir()}
    return files


def tarred(folder, files, moment):
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, packed, mtime=moment) as compressed, tarfile.open(fileobj=compressed, mode="w") as archive:
        for path, (data, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size, entry.mode, entry.mtime = len(data), mode, moment
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def main(folder, command, *functions):
    moment = int(os.environ["SOURCE_DATE_EPOCH"])
    command = Path(command).resolve()
    told = said(command, "--version")
    version, target = told.split()[1], re.search(r"^target +(\S+)$", told, re.M)[1]
    packed = {f"tablefeed-{version}-{target}.tar.gz": tarred(f"tablefeed-{version}-{target}", with_command(command), moment)}
    for name, _, program in (function.partition("=") for function in functions):
        program = Path(program).read_bytes()
        packed[f"{name}-{version}-{architecture(program)}.zip"] = zipped(program, moment)

    # Nothing of another version or architecture stays beside sums that do not name it.
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    for name, data in packed.items():
        (Path(folder) / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(packed.items()))
    (Path(folder) / "SHA256SUMS").write_text(sums)
    print(sums, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
