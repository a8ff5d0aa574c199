"""docs/cost.md is arithmetic: each figure follows from the page's own prices, loads and formulas, and the processor's time from what was measured."""

import itertools
import re

import pytest

from harness import ROOT

PAGE = (ROOT / "docs/cost.md").read_text()
ROWS = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
NUMBER = re.compile(r"[\d.,]*\d")


def number(cell):
    return float(cell.replace(",", "")) if NUMBER.fullmatch(cell) else None


def code(cell):
    """What stands in a cell between backticks, at its end if there is more than one."""
    found = re.findall(r"`([^`]+)`", cell)
    return found[-1] if found else None


def is_formula(cell):
    return code(cell) is not None and re.search(r" [*/] ", code(cell)) is not None


GIVEN = {code(row[0]): number(row[1]) for row in ROWS if len(row) == 3 and number(row[1]) is not None}
LOAD_ROWS = [row for row in ROWS if len(row) == 5 and number(row[1]) is not None]
LOADS = [{code(row[0]): number(row[column]) for row in LOAD_ROWS} for column in (1, 2, 3)]
MEDIUM = 1
MONTH = [row for row in ROWS if len(row) == 5 and is_formula(row[1])]
LESS = [row for row in ROWS if len(row) == 4 and is_formula(row[2])]


def value(formula, load):
    return eval(formula, {"__builtins__": {}, "max": max}, GIVEN | LOADS[load])  # the page is the project's own


def dollars(amount):
    return f"{amount:,.2f}"


def test_the_page_has_its_tables():
    assert (len(GIVEN), len(LOAD_ROWS), len(MONTH), len(LESS)) == (26, 4, 9, 7)


@pytest.mark.parametrize("row", [row for row in LOAD_ROWS if is_formula(row[4])], ids=lambda row: row[0])
def test_what_follows_from_a_load(row):
    assert [number(cell) for cell in row[1:4]] == pytest.approx([value(code(row[4]), load) for load in range(3)])


@pytest.mark.parametrize("row", MONTH, ids=lambda row: row[0])
def test_each_line_of_a_month(row):
    assert row[2:] == [dollars(value(code(row[1]), load)) for load in range(3)]


def test_the_sums():
    sums = [sum(value(code(row[1]), load) for row in MONTH) for load in range(3)]
    in_all, a_million = (next(row[2:] for row in ROWS if row[0] == name) for name in ("in all", "a million records"))
    assert in_all == [dollars(amount) for amount in sums]
    millions = [load["records"] * GIVEN["month"] / 1e6 for load in LOADS]
    assert a_million == [dollars(amount / count) for amount, count in zip(sums, millions, strict=True)]


@pytest.mark.parametrize("row", LESS, ids=lambda row: row[0])
def test_each_way_to_pay_less(row):
    """What it is held against is a line of the medium month, some of them together, or what an earlier row came to."""
    amounts = [value(code(line[1]), MEDIUM) for line in MONTH]
    known = {dollars(sum(some)) for count in (1, 2) for some in itertools.combinations(amounts, count)}
    known |= {earlier[3] for earlier in LESS[: LESS.index(row)]}
    assert row[1] in known
    assert row[3] == dollars(value(code(row[2]), MEDIUM))
    assert number(row[3]) < number(row[1])


def test_the_arithmetic_between_the_tables():
    found = re.findall(r"`([^`]+)` = \$([\d.,]*\d)", PAGE)
    assert len(found) == 2
    for formula, figure in found:
        assert figure == dollars(value(formula, MEDIUM)), formula


def test_the_processors_time_is_the_measured_one():
    measured = re.search(r"^\| 512 \|[^|]*\| ([\d.]+) \|", (ROOT / "docs/performance.md").read_text(), re.M)
    assert GIVEN["processor"] == float(measured[1])
