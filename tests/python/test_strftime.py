"""Texts of times against CPython's own: the same instants, zones and patterns through the function and through `datetime.strftime`.

The zones come from the package tzdata, pinned to the release of the time zone database that the function carries, not from the machine.
"""

import base64
import json
import locale
import random
import zoneinfo
from datetime import datetime, timedelta, timezone

import pytest

import harness

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

ZONES = """UTC Etc/GMT-1 Etc/GMT+12 Etc/UTC Europe/Berlin Europe/London Europe/Dublin Europe/Amsterdam Europe/Moscow Europe/Lisbon
    America/New_York America/St_Johns America/Sao_Paulo America/Los_Angeles America/Caracas America/Nuuk Asia/Kolkata Asia/Kathmandu Asia/Tokyo
    Asia/Tehran Asia/Manila Asia/Gaza Australia/Lord_Howe Australia/Adelaide Pacific/Apia Pacific/Chatham Pacific/Kiritimati Africa/Cairo
    Africa/Casablanca Africa/Monrovia Antarctica/Troll Atlantic/Azores""".split()

PATTERNS = [
    *(f"%{directive}" for directive in "aAbBcCdDeFgGhHIjklmMpPrRSTuUVwWxXyYzZf"),
    *("%-d %-m %-H %-I %-j %-M %-S %-U %-V %-W %-y %-g %-e %-k %-l", "%_d %_m %_H %_I %_j %_y", "%0e %0k %0l", "%^a %^A %^b %^B %^p"),
    *("%Y-%m-%dT%H:%M:%S.%f%z", "%d-%H:%M:%S.%f", "%G-W%V-%u", "%n%Y%t", "é%%Y{{%Y}}%%", "%A, %d. %B %Y, %I:%M %p (%Z)"),
]


def pads_years():
    """Whether this Python fills years before 1000 up with zeros, as those from 3.14 on do."""
    return datetime(999, 1, 1).strftime("%Y") != "999"


def instants(chosen):
    """Microseconds since 1970: edges, near changes of offset, and any."""
    first = datetime(1000, 1, 3) if pads_years() else datetime(1, 1, 3)
    bounds = [(moment.replace(tzinfo=timezone.utc) - EPOCH) // timedelta(microseconds=1) for moment in (first, datetime(9999, 12, 29))]
    edges = [0, -1, -999_999, -1_000_000, 1_667_844_200_703_123, -31_556_952_000_001, *bounds]
    near = [chosen.randrange(-4_000_000_000_000_000, 4_000_000_000_000_000) for _ in range(14)]
    changes = [
        int(datetime(year, month, day, hour, 59, 59, 999_999, tzinfo=timezone.utc).timestamp()) * 1_000_000 + 999_999
        for year, month, day, hour in ((2024, 3, 31, 0), (2024, 10, 27, 0), (2024, 3, 10, 6), (2024, 11, 3, 5), (2050, 10, 30, 0))
    ]
    weeks = [(datetime(year, 1, 1, tzinfo=timezone.utc) - EPOCH) // timedelta(microseconds=1) - 1 for year in range(2015, 2022)]
    return [*edges, *near, *changes, *weeks, *(chosen.randrange(*bounds) for _ in range(8))]


def mapping(zone):
    """One attribute for each pattern; braces of the language are doubled in patterns already."""
    placed = {str(at): template(pattern) for at, pattern in enumerate(PATTERNS)}
    return {
        "where": {"zone": [zone]},
        "time": {"field": "at", "unit": "us", "zone": zone},
        "key": {"partition": "id"},
        "types": {"id": "S"},
        "item": {"id": "{zone}/{at}", **placed},
    }


def template(pattern):
    """A placeholder for the whole pattern, or text around one."""
    if "{{" not in pattern:
        return "{@time:" + pattern + "}"
    before, inside = pattern.split("{{")
    inside, after = inside.split("}}")
    return before.replace("%%", "%") + "{{{@time:" + inside + "}}}" + after.replace("%%", "%")


def expected(micros, zone, pattern):
    moment = (EPOCH + timedelta(microseconds=micros)).astimezone(zone)
    return moment.strftime(pattern.replace("{{", "{").replace("}}", "}"))


@pytest.fixture
def tzdata(monkeypatch):
    """Zones of the package alone, and names of the C locale."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([])
    zoneinfo.ZoneInfo.clear_cache()
    locale.setlocale(locale.LC_TIME, "C")
    yield zoneinfo.ZoneInfo
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def test_every_text_is_the_one_that_python_makes(tzdata, tmp_path):
    chosen = random.Random(7)
    documents = [{"zone": zone, "at": at} for zone in ZONES for at in instants(chosen)]
    lines = "\n".join(map(json.dumps, documents)).encode()
    record = {
        "kinesis": {"partitionKey": "k", "sequenceNumber": "1", "data": base64.b64encode(lines).decode(), "approximateArrivalTimestamp": 1.5},
        "eventSource": "aws:kinesis",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "eventID": "shardId-000000000000:1",
    }
    (tmp_path / "event.json").write_text(json.dumps({"Records": [record]}))
    (tmp_path / "mapping.json").write_text(json.dumps([mapping(zone) for zone in ZONES]))

    with harness.emulate(tmp_path) as endpoint:
        summary = harness.invoke(tmp_path / "event.json", endpoint, tmp_path, "--set", "MAPPING=mapping.json")
        assert summary["letters"] == {}
        made = {item["id"]["S"]: item for item in harness.items(endpoint, "Items")}

    compared, different = 0, []
    for document in documents:
        zone = tzdata(document["zone"])
        item = made[f"{document['zone']}/{document['at']}"]
        for at, pattern in enumerate(PATTERNS):
            compared += 1
            want, got = expected(document["at"], zone, pattern), item[str(at)]["S"]
            if want != got:
                different.append((document, pattern, want, got))
    assert not different, f"{len(different)} of {compared} differ, such as {different[:20]}"
    assert compared >= 5000
