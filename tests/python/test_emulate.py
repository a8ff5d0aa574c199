"""The embedded AWS as a Python program sees it: what the function wrote there, boto3 reads back."""

import uuid

import pytest

import harness
from harness import EVENTS, client, in_order, invoke, items, letters, messages, response, typed_item

NINE = {
    "CurationRecordId",
    "BatchId",
    "DataTableName",
    "S3Key",
    "State",
    "TotalNumCuratedRecords",
    "IsHistorical",
    "Year",
    "Month",
}


@pytest.fixture
def endpoint(tmp_path):
    with harness.emulate(tmp_path) as url:
        yield url


def test_boto3_reads_what_the_mapping_made_of_the_event(endpoint, tmp_path):
    summary = invoke(EVENTS / "curated.json", endpoint, tmp_path, "--batch-id", "batch-7")

    assert response(summary) == {"batchItemFailures": []}
    found = items(endpoint)
    assert in_order(map(typed_item, found)) == harness.curated_items(EVENTS / "curated.json", "batch-7")
    assert found, "the event left no item"


def test_the_nine_attributes_have_the_types_that_readers_expect(endpoint, tmp_path):
    invoke(EVENTS / "curated.json", endpoint, tmp_path, "--batch-id", "batch-7")

    whole = [item for item in items(endpoint) if set(item) == NINE]
    assert whole, "no item has all nine attributes"
    for item in whole:
        texts = {"CurationRecordId", "BatchId", "DataTableName", "S3Key"}  # the others keep the type that the document gave them
        assert {name: list(item[name]) for name in texts} == {name: ["S"] for name in texts}
        assert uuid.UUID(item["CurationRecordId"]["S"]).version == 5
        assert item["S3Key"]["S"].startswith("s3://")
    # Readers of this table filter on the text, not on a boolean.
    assert {"S": "False"} in [item["IsHistorical"] for item in whole]


def test_the_index_finds_the_items_of_a_batch(endpoint, tmp_path):
    invoke(EVENTS / "curated.json", endpoint, tmp_path, "--batch-id", "batch-7")

    dynamodb = client("dynamodb", endpoint)
    query = {"TableName": harness.TABLE, "IndexName": harness.INDEX, "KeyConditionExpression": "BatchId = :batch"}
    of_batch = dynamodb.query(**query, ExpressionAttributeValues={":batch": {"S": "batch-7"}})["Items"]
    of_another = dynamodb.query(**query, ExpressionAttributeValues={":batch": {"S": "batch-8"}})["Items"]
    assert in_order(map(typed_item, of_batch)) == in_order(map(typed_item, items(endpoint)))
    assert of_another == []


def test_the_parameter_holds_the_batch_id(endpoint, tmp_path):
    invoke(EVENTS / "curated.json", endpoint, tmp_path, "--batch-id", "batch-7")

    parameter = client("ssm", endpoint).get_parameter(Name=harness.PARAMETER, WithDecryption=True)["Parameter"]
    assert (parameter["Value"], parameter["Type"]) == ("batch-7", "String")


def test_letters_are_ordinary_messages(endpoint, tmp_path):
    invoke(EVENTS / "mixed.json", endpoint, tmp_path)

    read = [harness.letter(message) for message in messages(endpoint)]
    assert read, "the event left no letter"
    for each in read:
        assert uuid.UUID(each["id"]).version == 5
        assert each["attributes"]["reason"] == each["reason"]
        assert "source" in each["attributes"]
    assert messages(endpoint) == [], "a message that was deleted is still there"


def test_a_second_delivery_changes_nothing(endpoint, tmp_path):
    invoke(EVENTS / "mixed.json", endpoint, tmp_path)
    items_before, letters_before = items(endpoint), letters(endpoint)

    invoke(EVENTS / "mixed.json", endpoint, tmp_path)

    assert items(endpoint) == items_before
    assert set(letters(endpoint)) == set(letters_before)


def test_state_survives_a_restart(tmp_path):
    with harness.emulate(tmp_path) as endpoint:
        invoke(EVENTS / "mixed.json", endpoint, tmp_path)
        before = items(endpoint)

    with harness.emulate(tmp_path) as endpoint:
        assert items(endpoint) == before
        assert letters(endpoint), "the letters are gone"
