"""docs/troubleshooting.md quotes what the programs say: each message of its tables is in the code, and every reason of a letter is on the page."""

import re

import pytest

from harness import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
VARIES = "…"
# What may hold quotes in Rust. Comments and characters come first, so that theirs begin no text.
TOKEN = re.compile(
    r"""//[^\n]*|'(?:\\.|[^\\'])'|r(?P<hash>\#*)"(?P<raw>.*?)"(?P=hash)|"(?P<text>(?:\\.|[^\\"])*)\"""", re.S
)


def tables():
    """The tables of the page: names of columns, and rows."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("|")]
    for row in lines:
        if re.fullmatch(r"[-| ]+", row[0]):
            continue
        if lines[(lines.index(row) + 1) % len(lines)][0].startswith("---"):
            columns = row
        else:
            yield columns, row


def quoted(column):
    return [row[columns.index(column)].strip("`") for columns, row in tables() if column in columns]


def texts():
    """Every text of the programs' code, tests left out, as it is printed but for what varies."""
    sources = [ROOT / "src", *(ROOT / package / "src" for package in ("cli", "ingest", "local", "relay", "server", "topic"))]
    for path in (path for source in sources for path in source.rglob("*.rs") if path.stem != "tests"):
        code = path.read_text().split("#[cfg(test)]\nmod tests")[0]
        for token in TOKEN.finditer(code):
            if token["text"] is not None:
                yield re.sub(r"\\\n\s*", "", token["text"]).replace('\\"', '"').replace("{{", "{").replace("}}", "}")
            elif token["raw"] is not None:
                yield token["raw"]


TEXTS = list(texts())
MESSAGES = quoted("message")


def test_the_page_has_messages_and_the_code_has_texts():
    assert len(MESSAGES) > 60
    assert len(TEXTS) > 1000


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_in_the_code(message):
    wanted = re.compile(".*".join(map(re.escape, message.split(VARIES))), re.S)
    assert any(wanted.fullmatch(text) for text in TEXTS), f"no text of the code is `{message}`"


def test_every_reason_of_a_letter_is_explained_once():
    codes = re.findall(r'Reason::\w+ => "(\w+)"', (ROOT / "src/reason.rs").read_text())
    assert len(codes) > 20
    assert sorted(quoted("reason")) == sorted(codes)
