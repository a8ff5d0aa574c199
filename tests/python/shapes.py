"""Random tables, mappings and documents for `test_properties.py`; the edges of what DynamoDB stores come often."""

import base64
import json

from hypothesis import strategies as st

from model import MAX_ITEM, MAX_NAME, Declared

NAMES = ["id", "sort key", "a.b", "#x", "$ref", "ключ", "🔑", "S", "order-by", "N2"]
CONVERSIONS = ["binary", "number", "string_set", "number_set", "binary_set"]

GOOD_NUMBERS = """0 -0 -0.0 0e9 0.000 1 -1 1.0 10e-1 1.10 1E-130 -1E-130 9.9E125 -9.9E125 10E124 0.01E127 0.1E-129 1E+5 1.5e-7 0.1 120 0.012
    12345678901234567890123456789012345678 123456789012345678901234567890123456780 0.12345678901234567890123456789012345678
    99999999999999999999999999999999999999E88 99999999999999999999999999999999999999E87 12345678901234567890.123456789012345678
    9007199254740993""".split() + ["1" + 125 * "0", "0." + 129 * "0" + "1"]
BAD_NUMBERS = """1E126 -1E126 0.1E127 1E-131 9.99E-131 1e99999 1e-99999 123456789012345678901234567890123456789
    99999999999999999999999999999999999999E89 0.123456789012345678901234567890123456789""".split() + ["1" + 126 * "0"]
GOOD_STRINGS = [
    *('""', '"\\u0000"', '"\\ud83d\\ude00"', '"😀"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"'),
    *('"\\u007f\\u0085\\u2028\\ufeff\\uffff"', '"é"', '"e\\u0301"', '"{@id}"'),
]
HALF_PAIRS = ['"\\ud83d"', '"\\ude00\\ud83d"', '"\\ud83dx"']


def mostly(usual, rare, of):
    """One draw in so many is rare; `one_of` would weigh the parts of both."""
    return st.integers(1, of).flatmap(lambda drawn: rare if drawn == of - 1 else usual)


@st.composite
def spelled_numbers(draw):
    """Digits, point and exponent anywhere, within range."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    whole = digits[: draw(st.integers(1, len(digits)))].lstrip("0") or "0"
    fraction = digits[len(whole) :]
    exponent = draw(st.sampled_from(["", "E{}", "e{:+03}"])).format(draw(st.integers(-90, 87)))
    return draw(st.sampled_from(["", "-"])) + whole + (f".{fraction}" if fraction else "") + exponent


numbers = mostly(st.one_of(st.sampled_from(GOOD_NUMBERS), st.integers(0, 20).map(str), spelled_numbers()), st.sampled_from(BAD_NUMBERS), 40)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
spelled = st.tuples(words, st.booleans()).map(lambda drawn: json.dumps(drawn[0], ensure_ascii=drawn[1]))
strings = mostly(st.one_of(spelled, st.sampled_from(GOOD_STRINGS)), st.sampled_from(HALF_PAIRS), 60)
encoded = st.binary(max_size=6).map(lambda data: f'"{base64.b64encode(data).decode()}"')


def array(elements):
    return "[" + ",".join(elements) + "]"


def record(members):
    return "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"


names = mostly(st.one_of(words.filter(bool).map(json.dumps), st.sampled_from(['"S"', '"N"', '"M"', '"NULL"', '"a"'])), strings, 12)
scalars = st.one_of(numbers, strings, st.sampled_from(["null", "true", "false"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(array),
        st.lists(st.tuples(names, inner), max_size=3).map(record),
        st.lists(st.tuples(st.sampled_from(['"a"', '"\\u0061"']), inner), max_size=3).map(record),
    ),
    max_leaves=4,
)


def nested(levels):
    """Lists and maps in turn around a number, so many in all."""
    text = "1"
    for level in range(levels):
        text = f"[{text}]" if level % 2 else f'{{"n":{text}}}'
    return text


def padding(item):
    """A text that brings an item of a small key to about that many bytes; half of them in characters of two."""
    return '"' + "é" * (item // 4) + "x" * (item - 2 * (item // 4)) + '"'


large = st.one_of(
    st.tuples(st.just('"deep"'), mostly(st.integers(1, 31), st.integers(30, 40), 3).map(nested)),
    st.tuples(st.integers(MAX_NAME - 1, MAX_NAME + 1).map(lambda count: '"' + count * "n" + '"'), scalars),
    st.tuples(st.just('"pad"'), st.integers(-200, 20).map(lambda more: padding(MAX_ITEM + more))),
)
others = mostly(st.tuples(names, values), large, 25)


def lengths(role):
    """Around the limits. The function is not told which index key is a sort key, so 1025 to 2048 bytes there are left to the table."""
    return st.sampled_from([1024, 2049] if role == "index sort" else [1023, 1024, 1025, 2047, 2048, 2049])


def key_values(declared, name):
    """What is good as this key attribute, most of the time."""
    long = lengths(declared.roles[name])
    texts = st.one_of(spelled.filter(lambda text: text != '""'), st.sampled_from(['"a"', '"\\u0061"', '"1"']))
    small, large = {
        "S": (texts, long.map(lambda n: '"' + n * "k" + '"')),
        "N": (numbers, numbers),
        "B": (encoded.filter(lambda text: text != '""'), long.map(lambda n: f'"{base64.b64encode(bytes(n)).decode()}"')),
    }[declared.types[name]]
    return mostly(mostly(small, large, 12), st.one_of(st.just('""'), values), 25)


def converted_values(kind):
    one = {"binary": encoded, "binary_set": encoded, "string_set": st.one_of(strings, numbers, st.just("true"))}
    one = one.get(kind, st.one_of(numbers, numbers.map(lambda digits: f'"{digits}"')))
    good = mostly(st.lists(one, min_size=1, max_size=4), st.just([]), 20).map(array) if kind.endswith("_set") else one
    return mostly(good, values, 25)


@st.composite
def documents(draw, declared):
    members = []
    for name in declared.types:
        if draw(st.integers(1, 30)) != 29 if declared.required(name) else draw(st.booleans()):
            members.append((json.dumps(name), draw(key_values(declared, name))))
    for name in declared.conversions.keys() - declared.types.keys():
        if draw(st.booleans()):
            members.append((json.dumps(name), draw(converted_values(declared.conversions[name]))))
    members += draw(st.lists(others, max_size=3))
    if members and draw(st.integers(1, 10)) == 9:
        members.append((draw(st.sampled_from(members))[0], draw(values)))
    return record(members)


@st.composite
def tables(draw):
    """A key, attributes for indexes, and conversions: always those that bytes need."""
    chosen = iter(draw(st.permutations(NAMES)))
    indexes = draw(st.sampled_from([[], ["index"], ["index", "index sort"], ["index", "index"], ["index", "index", "index sort"]]))
    roles = {next(chosen): role for role in ["partition", *draw(st.sampled_from([[], ["sort"]])), *indexes]}
    types = {name: draw(st.sampled_from("SNB")) for name in roles}
    conversions = {name: "binary" for name, kind in types.items() if kind == "B"}
    conversions |= {next(chosen): kind for kind in draw(st.lists(st.sampled_from(CONVERSIONS), unique=True, max_size=3))}
    return Declared(roles, types, conversions)


@st.composite
def cases(draw, most):
    declared = draw(tables())
    return declared, draw(st.lists(documents(declared), min_size=most // 2, max_size=most))


def edges():
    """A case with both sides of every limit."""
    roles = {"id": "partition", "at": "sort", "by": "index", "of": "index"}
    declared = Declared(roles, {"id": "S", "at": "N", "by": "S", "of": "B"}, {"of": "binary"})
    many = [f'"at":{number}' for number in GOOD_NUMBERS + BAD_NUMBERS]
    many += [f'"at":1,"by":"{length * "k"}"' for length in (1, 1024, 2048, 2049)]
    many += [f'"at":2,"of":"{base64.b64encode(bytes(length)).decode()}"' for length in (0, 1, 1024, 2048, 2049)]
    many += [f'"at":3,"text":{text}' for text in GOOD_STRINGS + HALF_PAIRS]
    many += [f'"at":4,"deep":{nested(levels)}' for levels in (1, 30, 31, 32, 33, 40)]
    many += [f'"at":5,"{length * "n"}":""' for length in (0, 1, MAX_NAME, MAX_NAME + 1)]
    many += ['"at":6,"by":null', '"at":7,"by":true', '"at":null', '"at":"8"', '"x":9', '"at":10,"at":11', '"at":12,"of":"YQ"']
    # Three names, an id of two bytes, and a number of 2 to 4 bytes: 11 to 13 that are not padding.
    many += [f'"at":13,"pad":{padding(MAX_ITEM - 11 + more)}' for more in (-4, -3, -2, -1, 0, 1, 2)]
    ids = [f'"id":"{number}",' for number in range(10, 10 + len(many))]
    keys = [f'{{"id":"{length * "k"}","at":1}}' for length in (0, 1, 1025, 2048, 2049)]
    return declared, [f"{{{own}{rest}}}" for own, rest in zip(ids, many)] + keys
