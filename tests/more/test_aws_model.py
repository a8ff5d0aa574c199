"""What `aws_model` is for: to find what is wrong with a call. Each call here is one that boto3 signed and that was then spoilt."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import aws_model
from proxy import Call

TABLE = "CuratedRecords"


def call(target="DynamoDB_20120810.UpdateItem", body=None, service="dynamodb", region="us-east-1", secret="test", version="1.0"):
    body = json.dumps(body).encode()
    headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target, "host": "127.0.0.1:8000"}
    request = AWSRequest("POST", "http://127.0.0.1:8000/", headers, body)
    SigV4Auth(Credentials("test", secret), service, region).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call("POST", "/", headers, body, 200, {"content-type": f"application/x-amz-json-{version}"}, b"{}")


GOOD = {"TableName": TABLE, "Key": {"id": {"S": "a"}, "raw": {"B": "AAE="}, "set": {"BS": ["AA=="]}}, "ReturnValues": "ALL_NEW"}


def test_a_good_call_has_no_fault():
    assert aws_model.faults(call(body=GOOD)) == []
    assert aws_model.name(call(body=GOOD)) == "dynamodb.UpdateItem"


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        (GOOD | {"TabelName": TABLE}, 'Unknown parameter in input: "TabelName"'),
        (GOOD | {"Key": {"id": {"S": "a", "T": "b"}}}, 'Unknown parameter in Key.id: "T"'),
        ({"TableName": TABLE}, 'Missing required parameter in input: "Key"'),
        (GOOD | {"TableName": 7}, "Invalid type for parameter TableName"),
        (GOOD | {"TableName": None}, "Invalid type for parameter TableName"),
        (GOOD | {"TableName": ""}, "Invalid length for parameter TableName"),
        (GOOD | {"Key": {"id": {"N": 5}}}, "Invalid type for parameter Key.id.N"),
        (GOOD | {"Key": []}, "Invalid type for parameter Key"),
        (GOOD | {"TableName": "a" * 1025}, "TableName is more than 1024"),
        (GOOD | {"Key": {"a" * 65536: {"S": "a"}}}, "Key is more than 65535"),
        (GOOD | {"Key": {"raw": {"B": "A"}}}, "Key.raw.B is no base64"),
        (GOOD | {"Key": {"set": {"BS": ["AA==", "é"]}}}, "Key.set.BS[1] is no base64"),
        (GOOD | {"ReturnValues": "ALL"}, "ReturnValues is 'ALL', none of"),
        ([], "Invalid type"),
    ],
)
def test_a_body_that_is_not_as_the_model_wants_it(spoilt, found):
    faults = aws_model.faults(call(body=spoilt))
    assert len(faults) == 1 and found in faults[0], faults


def test_a_text_that_the_models_pattern_does_not_allow():
    body = {"StreamName": "a b", "Records": [{"Data": "AA==", "PartitionKey": "p"}]}
    kinesis = {"target": "Kinesis_20131202.PutRecords", "service": "kinesis", "version": "1.1"}
    (fault,) = aws_model.faults(call(body=body, **kinesis))
    assert "StreamName is 'a b', unlike" in fault
    assert aws_model.faults(call(body=body | {"StreamName": "ab"}, **kinesis)) == []


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        ({"target": "DynamoDB_20120810.UpdateItems"}, "no service has such an operation"),
        ({"target": "DynamoDB_20120811.UpdateItem"}, "no service has such an operation"),
        ({"service": "sqs"}, "signed for sqs in us-east-1, not for dynamodb"),
        ({"region": "eu-west-1"}, "signed for dynamodb in eu-west-1"),
        ({"secret": "another"}, "its signature is wrong"),
        ({"version": "1.1"}, "its content type is not application/x-amz-json-1.0"),
    ],
)
def test_a_call_that_is_addressed_or_signed_wrongly(spoilt, found):
    (fault,) = aws_model.faults(call(body=GOOD, **spoilt))
    assert found in fault


def test_a_call_that_was_changed_on_its_way():
    good = call(body=GOOD)
    assert aws_model.faults(good._replace(body=good.body.replace(b'"a"', b'"b"'))) == ["its signature is wrong"]
    headers = {name: value for name, value in good.headers.items() if name != "authorization"}
    assert aws_model.faults(good._replace(headers=headers)) == ["it is not signed"]
    headers = good.headers | {"authorization": good.headers["authorization"].replace(";x-amz-target", "")}
    assert aws_model.faults(good._replace(headers=headers)) == ["not signed: {'x-amz-target'}"]


def test_an_answer_that_no_client_can_read():
    good = call(body=GOOD)
    (fault,) = aws_model.faults(good._replace(answer=b"<html>"))
    assert "its answer" in fault
    assert aws_model.faults(good._replace(status=400, answer=b"{}")) == ["it is answered 400 without an error's code"]
    error = b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "m"}'
    assert aws_model.faults(good._replace(status=400, answer=error)) == []


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/2015-03-31/functions/persist/configuration", None),
        ("/2015-03-31/event-source-mappings?FunctionName=persist&MaxItems=100", None),
        ("/2015-03-31/event-source-mappings?FunctionName=persist&MaxItems=100001", "MaxItems is more than 10000"),
        ("/2015-03-31/event-source-mappings?FunctionName=persist&Function=a", 'Unknown parameter in input: "Function"'),
        ("/2015-03-31/functions/per%20sist/configuration", "FunctionName is 'per sist', unlike"),
        ("/2015-03-31/function/persist", "no service has such an operation"),
    ],
)
def test_calls_to_lambda_are_in_path_and_query(target, found):
    request = AWSRequest("GET", f"http://127.0.0.1:8000{target}", {"host": "127.0.0.1:8000"}, b"")
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    faults = aws_model.faults(Call("GET", target, headers, b"", 200, {}, b"{}"))
    assert (faults == []) if found is None else (len(faults) == 1 and found in faults[0]), faults
