"""Builds the functions as Lambda gets them, once, for every test that runs them."""

import pytest

import harness
import tools
from harness import ROOT
from wire import to


# The release profile spends many minutes on what these tests do not look at: how small and how fast a function is.
QUICKLY = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0"}


class Build:
    """What `sam build` left: a folder for each function, and the folder in which cargo worked."""

    def __init__(self, target):
        self.target = target
        self.folders = {name: target / "build" / name for name in ("Persist", "Ingest", "Relay")}
        self.bootstrap = self.folders["Persist"] / "bootstrap"


@pytest.fixture(scope="session")
def build():
    """`sam build` of the template as it stands, in a target folder where nothing else is ever compiled."""
    target = ROOT / "target" / "sam"
    architecture = f"Architecture={tools.ARCHITECTURE}"
    command = ["sam", "build", "--parameter-overrides", architecture, "--build-dir", str(target / "build")]
    harness.run(command, tools.BUILD_SECONDS, cwd=ROOT, env=tools.environment(CARGO_TARGET_DIR=str(target), **QUICKLY))
    return Build(target)


@pytest.fixture
def wire(tmp_path):
    """The way to the embedded AWS, whose state is in `tmp_path`."""
    with harness.emulate(tmp_path) as endpoint, to(endpoint) as wire:
        yield wire
