#!/usr/bin/env python3
"""Applies each patch of this folder to a copy of the tree, and expects the test that its head names to fail by an assertion.

A patch that no longer applies, does not compile, or survives is an error. What stands before the diff of a patch:

    What is wrong with it, in one line.
    Killed by: --test it writing::some_test

Usage: mutants/run.py [NAME ...]    names of patches, all without one
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "mutants"
TREE = WORK / "tree"
TIMEOUT = 600  # seconds for one test; only an assertion counts as a kill, running out of time does not


def main():
    patches = sorted(HERE.glob("*.patch"))
    if len(sys.argv) > 1:
        patches = [HERE / f"{name}.patch" for name in sys.argv[1:]]
    mutants = [read(patch) for patch in patches]
    copy()
    for target in sorted({target for *_, target, _ in mutants}):
        names = sorted({name for *_, other, name in mutants if other == target})
        built, text = cargo(target, "--no-run")
        if not built:
            sys.exit(f"the tree itself does not compile:\n{text}")
        passed, text = cargo(target, "--", "--exact", *names)
        missing = [name for name in names if not re.search(rf"^test {re.escape(name)} \.\.\. ok$", text, re.M)]
        if not passed or missing:
            sys.exit(f"without a mutant these do not pass: {missing or names}\n{text}")
    problems = [problem for mutant in mutants if (problem := kill(*mutant))]
    print(f"\n{len(mutants) - len(problems)} of {len(mutants)} mutants killed")
    sys.exit("\n".join(problems) or 0)


def read(patch):
    head = patch.read_text().split("\n--- ", 1)[0]
    killer = re.search(r"^Killed by: (--lib|--test \w+) (\S+)$", head, re.M)
    if not killer:
        sys.exit(f"{patch.name}: its head names no test: 'Killed by: --test it some::test'")
    return patch, head.splitlines()[0], killer[1], killer[2]


def kill(patch, what, target, name):
    """Why the mutant counts as alive; None if it was killed."""
    begun = time.monotonic()
    applied = run(["git", "apply", str(patch)], env={"GIT_CEILING_DIRECTORIES": str(TREE.parent)})
    try:
        if applied.returncode:
            return report(patch, f"does not apply: {applied.stdout.strip()}", begun)
        built, text = cargo(target, "--no-run")
        if not built:
            return report(patch, f"does not compile:\n{text}", begun)
        try:
            passed, text = cargo(target, "--", "--exact", name)
        except subprocess.TimeoutExpired:
            return report(patch, f"{name} does not end", begun)
        if passed or not re.search(rf"^test {re.escape(name)} \.\.\. FAILED$", text, re.M):
            return report(patch, f"SURVIVES {name}: {what}", begun)
        places = re.findall(r"panicked at ([\w./-]+):(\d+)", text)
        if not any(is_test(path, int(line)) for path, line in places):
            return report(patch, f"{name} fails, but by no assertion of a test: {places}", begun)
        print(f"killed    {patch.stem:34} {name.split('::')[-1]}, {time.monotonic() - begun:.0f} s", flush=True)
        return None
    finally:
        copy()


def report(patch, problem, begun):
    print(f"ALIVE     {patch.stem:34} {problem.splitlines()[0]}, {time.monotonic() - begun:.0f} s", flush=True)
    return f"{patch.name}: {problem}"


def is_test(path, line):
    """Whether this line belongs to a test: in a folder or file of tests, or behind the mark of a file's own."""
    parts = pathlib.PurePath(path).parts
    if "tests" in parts or parts[-1] == "tests.rs":
        return True
    for base in (TREE, TREE / "local", TREE / "cli"):
        if (base / path).is_file():
            return "#[cfg(test)]" in (base / path).read_text().splitlines()[:line]
    return False


def copy():
    """Makes the copy equal to the tree; what is equal already keeps its time, so that little is compiled again."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    wanted = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, TREE / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        if str(path.relative_to(TREE)) not in wanted:
            path.unlink()


def cargo(target, *arguments):
    done = run(["cargo", "test", "--workspace", *target.split(), *arguments], env={"CARGO_TARGET_DIR": str(WORK / "target")})
    return done.returncode == 0, done.stdout


def run(command, env):
    env = {**os.environ, "CARGO_INCREMENTAL": "1", "CARGO_TERM_COLOR": "never", "RUST_BACKTRACE": "0", **env}
    return subprocess.run(command, cwd=TREE, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT)


if __name__ == "__main__":
    main()
