"""The same function against somebody else's AWS: moto's server must end up with the same items and letters as the embedded one."""

import pytest

import harness
from harness import EVENTS, by_identity, invoke, items, letters, response


@pytest.fixture
def embedded(tmp_path):
    with harness.emulate(tmp_path) as url:
        yield url


@pytest.fixture
def moto():
    with harness.moto() as url:
        yield url


@pytest.mark.parametrize("event", ["curated.json", "mixed.json"])
def test_both_servers_end_up_the_same(event, embedded, moto, tmp_path):
    summaries = [invoke(EVENTS / event, url, tmp_path, "--batch-id", "batch-7") for url in (embedded, moto)]

    assert response(summaries[0]) == response(summaries[1]) == {"batchItemFailures": []}
    assert by_identity(items(embedded)) == by_identity(items(moto))
    assert items(moto), "the event left no item"
    assert letters(embedded) == letters(moto)


def test_poison_is_told_to_moto_too(moto, tmp_path):
    invoke(EVENTS / "mixed.json", moto, tmp_path)

    assert letters(moto), "the event left no letter"
