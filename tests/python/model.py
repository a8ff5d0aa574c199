"""The mapping language and DynamoDB's limits told a second time, as far as `test_properties.py` needs them.

In: a document's text and what was declared. Out: the item that it becomes, or every reason for which it may be rejected.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal

MAX_ITEM = 400 * 1024
MAX_NAME = 65_535
MAX_NESTING = 31
MAX_DIGITS = 38
MAGNITUDES = range(-130, 126)
MAX_KEY = {"partition": 2048, "sort": 1024, "index": 2048, "index sort": 2048}

JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


class Number(Decimal):
    """A number that remembers its digits."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


class Unfit(Exception):
    """A reason code."""


@dataclass
class Declared:
    """A table's key and indexes, and what the mapping converts; a name of a key attribute leads to its role and type."""

    roles: dict
    types: dict
    conversions: dict = field(default_factory=dict)

    def mapping(self):
        key = {role: name for name, role in self.roles.items() if self.required(name)}
        item = {name: {"from": name if self.required(name) else f"{name}?", "as": kind} for name, kind in self.conversions.items()}
        return {"key": key, "types": self.types, "rest": "keep"} | ({"item": item} if item else {})

    def required(self, name):
        return self.roles.get(name) in ("partition", "sort")


def read(text):
    """A document, its numbers with all their digits; of members with one name the last."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def is_unicode(text):
    """Whether every string of the document, also of members that are not kept, is Unicode: no half of a surrogate pair alone."""
    halves = []
    json.loads(text, object_pairs_hook=lambda pairs: halves.extend(map(has_half, pairs)))
    whole = has_half(json.loads(text))
    return not whole and not any(halves)


def has_half(value):
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(has_half(name) or has_half(member) for name, member in value.items())
    return isinstance(value, (list, tuple)) and any(map(has_half, value))


@dataclass
class Expected:
    """What is to become of a document."""

    attributes: dict = field(default_factory=dict)
    # One of these is the reason, if it is rejected.
    reasons: set = field(default_factory=set)
    # Whether it is; None if the size alone leaves it open.
    rejected: bool | None = False
    # Bytes of the item.
    most: int = 0


def expected(text, declared):
    """The attributes are in the form of `wire`."""
    if not is_unicode(text):
        return Expected(reasons={"bad_json"}, rejected=True)
    made = Expected()
    document, least = read(text), 0
    made.reasons |= {"missing_field" for name in declared.roles if declared.required(name) and name not in document}
    for name, value in document.items():
        try:
            content = attribute(name, value, declared)
        except Unfit as unfit:
            made.reasons.add(str(unfit))
            continue
        made.reasons |= set(faults(content, 0))
        made.attributes[name] = content
        low, high = size(content)
        least, made.most = least + len(name.encode()) + low, made.most + len(name.encode()) + high
    made.rejected = True if made.reasons or least > MAX_ITEM else None if made.most > MAX_ITEM else False
    if made.most > MAX_ITEM:
        made.reasons.add("item_too_large")
    return made


def attribute(name, value, declared):
    if not 1 <= len(name.encode()) <= MAX_NAME:
        raise Unfit("bad_attribute_name")
    kind = declared.conversions.get(name)
    made = converted(kind, value) if kind else unchecked(value)
    if name in declared.types:
        check_key(made, declared.types[name], MAX_KEY[declared.roles[name]])
    return made


def converted(kind, value):
    one = {"binary": binary, "binary_set": binary, "number": number, "number_set": number, "string_set": string}[kind]
    if not kind.endswith("_set"):
        return one(value)
    if not isinstance(value, list) or not value:
        raise Unfit("bad_value")
    elements = [one(element) for element in value]
    return elements[0][0] + "S", frozenset(content for _, content in elements)


def binary(value):
    try:
        made = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        made = None
    if made is None or base64.b64encode(made).decode() != value:
        raise Unfit("bad_value")
    return "B", made


def number(value):
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str) or not JSON_NUMBER.fullmatch(text):
        raise Unfit("bad_value")
    return "N", Decimal(text)


def string(value):
    if isinstance(value, bool):
        return "S", "true" if value else "false"
    if not isinstance(value, (Number, str)):
        raise Unfit("bad_value")
    return "S", value.text if isinstance(value, Number) else value


def unchecked(value):
    """A JSON value as the table has it: its type beside its content."""
    match value:
        case None:
            return "NULL", True
        case bool():
            return "BOOL", value
        case Decimal():
            return "N", Decimal(value)
        case str():
            return "S", value
        case list():
            return "L", [unchecked(element) for element in value]
        case dict():
            return "M", {name: unchecked(member) for name, member in value.items()}


def check_key(made, kind, most):
    own, content = made
    if own != kind:
        raise Unfit("wrong_key_type")
    if own != "N" and not content:
        raise Unfit("empty_key")
    if own != "N" and len(bytes_of(content)) > most:
        raise Unfit("key_too_long")


def faults(made, depth):
    """What is wrong at any depth; `depth` lists and maps stand around the value."""
    kind, content = made
    if depth > MAX_NESTING:
        yield "nesting_too_deep"
    digits = [content] if kind == "N" else content if kind == "NS" else []
    if not all(map(is_stored, digits)):
        yield "number_out_of_range"
    if kind == "M" and not all(1 <= len(name.encode()) <= MAX_NAME for name in content):
        yield "bad_attribute_name"
    for inner in content if kind == "L" else content.values() if kind == "M" else []:
        yield from faults(inner, depth + 1)


def is_stored(number):
    return not number or (len(significant(number)) <= MAX_DIGITS and number.adjusted() in MAGNITUDES)


def significant(value):
    return "".join(map(str, value.as_tuple().digits)).strip("0")


def size(made):
    """Bytes that the content takes, at least and at most: how a number's digits are paired is not documented."""
    kind, content = made
    match kind:
        case "NULL" | "BOOL":
            return 1, 1
        case "N":
            pairs = -(-len(significant(content)) // 2)
            return 1 + pairs, 3 + pairs
        case "S" | "B":
            return len(bytes_of(content)), len(bytes_of(content))
        case "L" | "M":
            names = [] if kind == "L" else content
            inner = [size(value) for value in (content if kind == "L" else content.values())]
            own = 3 + len(inner) + sum(len(name.encode()) for name in names)
            return own + sum(least for least, _ in inner), own + sum(most for _, most in inner)
        case _:
            inner = [size((kind[0], element)) for element in content]
            return sum(least for least, _ in inner), sum(most for _, most in inner)


def bytes_of(content):
    return content if isinstance(content, bytes) else content.encode()


def key(made, declared):
    """What tells an item from others, comparable by typed value."""
    return tuple(made[name] for name in declared.roles if declared.required(name))


def wire(value):
    """A value as boto3's client has it, in the form of this file; Decimal is exact here, unlike in boto3's own context."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case "L":
            return kind, [wire(element) for element in content]
        case "M":
            return kind, {name: wire(member) for name, member in content.items()}
        case _:
            return kind, content
