"""What is released: the packages, the archives of `make dist`, and what images are built from."""

import hashlib
import io
import json
import os
import re
import sys
import tarfile
import tomllib
import zipfile
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml

import harness
import tools
from harness import ROOT, until

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
PACKAGES = ["tablefeed"] + [f"tablefeed-{name}" for name in ("cli", "ingest", "local", "relay", "server", "store", "topic")]
MOMENT = 1_700_000_000


# Packages


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """What cargo says as it packs, and each package's files by path. `make package` compiles them, too, which takes minutes."""
    folder = tmp_path_factory.mktemp("packages")
    command = ["cargo", "package", "--workspace", "--exclude", "tablefeed-bench-*", "--no-verify", "--allow-dirty", "--offline"]
    said = harness.run([*command, "--target-dir", str(folder)], tools.BUILD_SECONDS, cwd=ROOT, env=tools.environment()).stderr
    files = {}
    for archive in (folder / "package").glob("*.crate"):
        with tarfile.open(archive) as opened:
            name = archive.name.removesuffix(f"-{VERSION}.crate")
            files[name] = {file.name.partition("/")[2]: opened.extractfile(file).read() for file in opened}
    return said, files


def test_cargo_warns_of_the_missing_address_and_of_tests_left_out_alone(packages):
    warnings = set(re.findall(r"^warning: (.*?)(?: `.*)?$", packages[0], re.M))
    assert warnings == {"manifest has no documentation, homepage or repository", "ignoring example", "ignoring test", "ignoring benchmark"}


def test_each_package_holds_its_source_its_texts_and_nothing_else(packages):
    made_by_cargo = {".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"}
    texts = {"LICENSE-APACHE", "LICENSE-MIT", "README.md"}
    more = {"tablefeed": {"CHANGELOG.md", "tables/curated-records.json"}, "tablefeed-cli": {"build.rs"}}
    assert sorted(packages[1]) == PACKAGES
    for name, files in packages[1].items():
        others = {path for path in files if not path.startswith("src/")}
        assert others - made_by_cargo == texts | more.get(name, set()), name
        for text in texts:
            assert files[text] == (ROOT / text).read_bytes(), f"{name}: {text}"


def test_each_package_holds_the_files_that_its_source_includes(packages):
    def included(path, text):
        outside_tests = re.split(r"#\[cfg\(test\)\]\s+mod \w+ \{", text)[0]
        return {os.path.normpath(f"{path}/../{name}") for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', outside_tests)}

    for name, files in packages[1].items():
        sources = {path: data.decode() for path, data in files.items() if path.endswith(".rs") and not path.endswith("/tests.rs")}
        needed = set().union(*(included(path, text) for path, text in sources.items()))
        assert needed <= files.keys(), name
        assert needed or name not in ("tablefeed", "tablefeed-ingest", "tablefeed-relay"), "looked in the wrong place"


def test_each_package_is_described_and_names_its_siblings_by_version(packages):
    for name, files in packages[1].items():
        manifest = tomllib.loads(files["Cargo.toml"].decode())
        package = manifest["package"]
        assert package["license"] == "MIT OR Apache-2.0" and package["readme"] == "README.md", name
        assert len(package["description"]) > 40 and package["keywords"] and package["categories"], name
        # A sibling that only tests need has no version, and is left out.
        of_tests = manifest.get("dev-dependencies", {})
        assert not [sibling for sibling in of_tests if sibling.startswith("tablefeed")], name
        for sibling in (each for each in manifest.get("dependencies", {}) if each.startswith("tablefeed")):
            assert manifest["dependencies"][sibling]["version"] == VERSION, (name, sibling)


# The archives


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """The command line under test without what only a debugger reads, as in a release."""
    stripped = tmp_path_factory.mktemp("command") / "tablefeed"
    harness.run(["strip", "-o", stripped, harness.binary()])
    return stripped


def pack(folder, command, functions, moment=MOMENT):
    pack = [sys.executable, ROOT / "dist/pack.py", folder, command, *functions]
    harness.run(pack, tools.BUILD_SECONDS, env=harness.environment(SOURCE_DATE_EPOCH=str(moment)))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def packed(build, command, tmp_path_factory):
    functions = [f"{name.lower()}={where / 'bootstrap'}" for name, where in build.folders.items()]
    return pack(tmp_path_factory.mktemp("packed") / "dist", command, functions)


@pytest.fixture(scope="module")
def target(command):
    """Where the command line under test runs."""
    return re.search(r"target +(\S+)", harness.run([command, "--version"]).stdout)[1]


def test_there_is_an_archive_for_each_function_and_for_the_command_line_with_its_sum(packed, target):
    functions = [f"{name}-{VERSION}-{tools.ARCHITECTURE}.zip" for name in ("ingest", "persist", "relay")]
    archives = sorted([*functions, f"tablefeed-{VERSION}-{target}.tar.gz"])
    assert sorted(packed) == sorted(["SHA256SUMS", *archives])
    sums = [line.split("  ") for line in packed["SHA256SUMS"].decode().splitlines()]
    assert sums == [[hashlib.sha256(packed[name]).hexdigest(), name] for name in archives]


def test_a_functions_archive_is_its_program_for_lambda(packed, build):
    for name, where in build.folders.items():
        with zipfile.ZipFile(io.BytesIO(packed[f"{name.lower()}-{VERSION}-{tools.ARCHITECTURE}.zip"])) as archive:
            [entry] = archive.infolist()
            assert (entry.filename, entry.external_attr >> 16) == ("bootstrap", 0o100755)
            assert archive.read(entry) == (where / "bootstrap").read_bytes()


def test_the_command_lines_archive_has_man_pages_completions_and_licences(packed, command, target):
    name = f"tablefeed-{VERSION}-{target}"
    with tarfile.open(fileobj=io.BytesIO(packed[f"{name}.tar.gz"])) as archive:
        entries = {entry.name.removeprefix(f"{name}/"): entry for entry in archive}
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries.values()} == {(MOMENT, 0, 0, "")}
        assert list(entries) == sorted(entries)
        program = archive.extractfile(entries["tablefeed"]).read()
    assert program == command.read_bytes() and entries["tablefeed"].mode == 0o755
    pages = {path for path in entries if path.startswith("man/")}
    assert {"man/tablefeed.1", "man/tablefeed-letters-redrive.1"} <= pages
    completions = {f"completions/{file}" for file in ("tablefeed.bash", "tablefeed.fish", "_tablefeed")}
    assert entries.keys() - pages == {"tablefeed", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"} | completions


def test_the_command_lines_archive_works_where_it_is_unpacked(packed, target, tmp_path):
    name = f"tablefeed-{VERSION}-{target}"
    with tarfile.open(fileobj=io.BytesIO(packed[f"{name}.tar.gz"])) as archive:
        archive.extractall(tmp_path, filter="data")
    program = tmp_path / name / "tablefeed"
    assert harness.run([program, "--version"], cwd=tmp_path).stdout.startswith(f"tablefeed {VERSION}\n")
    invoked = harness.run([program, "invoke", harness.EVENTS / "curated.json", "--json"], cwd=tmp_path, env=harness.environment())
    assert json.loads(invoked.stdout)["response"] == {"batchItemFailures": []}


def test_the_same_programs_and_time_give_the_same_bytes(tmp_path, build, command):
    functions = [f"persist={build.bootstrap}"]
    first, again = (pack(tmp_path / "dist", command, functions) for _ in range(2))
    later = pack(tmp_path / "dist", command, functions, MOMENT + 2)
    assert first == again
    assert all(first[name] != later[name] for name in first)


# Images


def test_the_containerfile_and_what_is_composed_pass_their_linters():
    for command in (["hadolint", "Containerfile"], ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]):
        harness.run(command, cwd=ROOT, env=tools.environment())


def test_no_image_is_built_from_what_is_not_the_projects():
    def anywhere(line):
        return line.strip("/") if line.startswith("/") else f"**/{line.strip('/')}"

    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {anywhere(line) for line in (ROOT / ".gitignore").read_text().split()} <= set(ignored)


@pytest.fixture
def image(tmp_path):
    """The files of the image, and how its program is run where nothing else can be seen, by somebody who may write to /state alone."""
    root = tmp_path / "root"
    harness.run([ROOT / "dist/rootfs.sh", harness.binary(), root])
    (root / "state").mkdir()
    (root / "state").chmod(0o777)
    somebody = ["--setgid", "65532", "--setuid", "65532"] if os.geteuid() == 0 else ["--user"]
    return root, ["unshare", *somebody, f"--root={root}", "--wd=/state", "/usr/bin/tablefeed"]


def subscriptions(url, id):
    with urlopen(f"http://{url}{id}", timeout=30) as answer:
        return answer.read().decode()


def test_what_is_composed_runs_on_the_images_files_alone(image):
    root, program = image
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {"usr/bin/tablefeed", "etc/ssl/certs/ca-certificates.crt"} < files
    assert not [path for path in files if re.fullmatch(r"(.*/)?(ba|da|)sh|(.*/)?busybox", path)]

    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    # Here a test may neither take a port of its own choice nor listen beyond this machine.
    here = {"env": harness.environment(BIND_ADDRESS="127.0.0.1")}

    def serving(name):
        return harness.Server([*program, *services[name]["command"], "--port", "0"], **here)

    def healthy(name, url):
        test = services[name]["healthcheck"]["test"]
        assert test[:2] == ["CMD", "/usr/bin/tablefeed"]
        harness.run([*program, *test[2:-1], url + urlsplit(test[-1]).path], **here)

    with serving("emulate") as emulate:
        healthy("emulate", emulate.line("endpoint: "))
        with serving("relay") as relay:
            url = relay.line("http://")
            healthy("relay", f"http://{url.rstrip('/')}")
            harness.run([*program, "item", "put", "Orders", '{"id": "a"}'], **here)
            body = json.dumps({"table_name": "Orders", "url": "http://127.0.0.1:9/hook"}).encode()
            with urlopen(Request(f"http://{url}", body, {"content-type": "application/json"}), timeout=30) as answer:
                id = answer.read().decode().strip()
            # It found the other's tables, and may give one a stream.
            until("a subscription that runs", lambda: "RUNNING" in subscriptions(url, id))

