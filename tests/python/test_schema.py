"""The JSON Schema of mappings says what the parser says, as far as shapes go: held against every example of the docs and many broken ones."""

import copy
import json
import re
import subprocess

import jsonschema
import pytest

from harness import ROOT, binary

# What the parser says of a wrong shape; of anything else (templates, types of keys, limits) a schema cannot know.
SHAPES = re.compile(
    r"unknown member|unknown pattern|unknown conversion|belongs here|no other member|has one member|needs `key`|needs `partition`"
    r"|is `keep` or `drop`|is `delete` or `filter`|a key attribute is of type|needs at least one|empty pattern|`\$or` is an array|cannot be an alternative"
    r"|array of alternatives|`exists` is|`numeric` is|`anything-but` takes|`after` belongs to|unknown unit"
)
JUNK = [None, True, 7, "x", [], {}, ["x"], {"x": 1}]


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(subprocess.run([binary(), "mapping", "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def examples():
    """The mappings of the docs that the parser accepts."""
    blocks = re.findall(r"\n```json mapping\n(.*?)\n```", (ROOT / "docs/mapping.md").read_text(), re.S)
    return [json.loads(block) for block in blocks if parser_says(block) is None]


def parser_says(text):
    """Why the parser refuses a mapping; None if it takes it."""
    done = subprocess.run(
        [binary(), "map", "/dev/null", "--mapping", text], capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else done.stderr


def mutants(value):
    """The value with one part taken away, renamed, added, or replaced by something of another kind, at every place."""
    for junk in JUNK:
        yield junk
    if isinstance(value, dict):
        yield {**value, "unknown-member": 1}
        for name, member in value.items():
            others = {key: other for key, other in value.items() if key != name}
            yield others
            yield {**others, name + "x": member}
            for mutant in mutants(member):
                yield {**value, name: mutant}
    elif isinstance(value, list):
        for place, element in enumerate(value):
            yield value[:place] + value[place + 1 :]
            for mutant in mutants(element):
                yield value[:place] + [mutant] + value[place + 1 :]


def test_every_example_of_the_docs_is_valid(validator):
    found = examples()
    assert len(found) > 15
    for example in found:
        validator.validate(example)


def test_schema_and_parser_agree_on_shapes(validator):
    texts = sorted({json.dumps(mutant) for example in examples() for mutant in mutants(copy.deepcopy(example))})
    chosen = texts[:: max(1, len(texts) // 1500)]
    verdicts = {"both take it": 0, "both refuse it": 0, "the parser knows more": 0}
    for text in chosen:
        refused, valid = parser_says(text), validator.is_valid(json.loads(text))
        if refused is None:
            assert valid, f"the schema refuses what the parser takes: {text}"
            verdicts["both take it"] += 1
        elif not valid:
            verdicts["both refuse it"] += 1
        else:
            assert not SHAPES.search(refused), f"the schema takes what the parser refuses: {text}\n{refused}"
            verdicts["the parser knows more"] += 1
    assert all(count > 50 for count in verdicts.values()), verdicts
