"""What AWS says about calls to it: botocore's models of the services, and its signer, held against calls as they went over the wire.

In: a call that `proxy` kept. Out: the operation's name, and everything that is wrong with the call.
"""

import base64
import json
import re
import urllib.parse
from datetime import datetime, timezone

import botocore.parsers
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from harness import REGION

SERVICES = ("cloudwatch", "dynamodb", "dynamodbstreams", "kinesis", "lambda", "sqs", "ssm")
MODELS = {name: botocore.session.get_session().get_service_model(name) for name in SERVICES}
BY_TARGET = {model.metadata["targetPrefix"]: model for model in MODELS.values() if "targetPrefix" in model.metadata}
AUTHORIZATION = re.compile(
    "AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/[0-9]{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    "SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
SECRET = "test"
# What is signed whenever it is there, so that nobody on the way can change it.
SIGNED = {"host", "x-amz-date", "x-amz-target"}


def name(call):
    """`service.Operation`; of an operation that no model has, what the call says itself."""
    operation = operation_of(call)
    return f"{operation.service_model.service_name}.{operation.name}" if operation else call.headers.get("x-amz-target", call.target)


def faults(call):
    """What is wrong with a call and its answer; nothing if AWS would read both as they were meant."""
    operation = operation_of(call)
    if operation is None:
        return ["no service has such an operation"]
    found = signature_faults(call, operation.service_model.signing_name)
    found += parameter_faults(call, operation)
    return found + answer_faults(call, operation)


def operation_of(call):
    if "x-amz-target" not in call.headers:
        model = MODELS["lambda"]
        operations = map(model.operation_model, model.operation_names)
        return next((each for each in operations if each.http["method"] == call.method and path_of(call, each)), None)
    prefix, _, operation = call.headers["x-amz-target"].rpartition(".")
    model = BY_TARGET.get(prefix)
    known = model is not None and operation in model.operation_names
    return model.operation_model(operation) if known else None


def path_of(call, operation):
    """How the call's path fits the operation's, with what is filled in there."""
    path = operation.http["requestUri"].partition("?")[0]
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return re.fullmatch(pattern, urllib.parse.urlsplit(call.target).path)


# What is asked


def parameter_faults(call, operation):
    model = operation.service_model
    if model.protocol == "rest-json":
        return shape_faults(rest_parameters(call, operation), operation.input_shape)
    kind = f"application/x-amz-json-{model.metadata['jsonVersion']}"
    found = [] if call.headers.get("content-type") == kind else [f"its content type is not {kind}"]
    try:
        return found + shape_faults(json.loads(call.body), operation.input_shape)
    except ValueError:
        return [*found, "its body is no JSON"]


def shape_faults(value, shape):
    found = []
    report = ParamValidator().validate(read(value, shape, shape.name, found), shape)
    return found + ([report.generate_report()] if report.has_errors() else [])


def rest_parameters(call, operation):
    """What path and query hold; a name that the operation does not know stays, and is found by the validator."""
    members = operation.input_shape.members
    known = {member.serialization.get("name", name): name for name, member in members.items()}
    query = urllib.parse.parse_qsl(urllib.parse.urlsplit(call.target).query, keep_blank_values=True)
    path = {name: urllib.parse.unquote(value) for name, value in path_of(call, operation).groupdict().items()}
    texts = {known.get(name, name): value for name, value in (path | dict(query)).items()}
    return {name: int(text) if is_whole(members.get(name), text) else text for name, text in texts.items()}


def is_whole(shape, text):
    return shape is not None and shape.type_name in ("integer", "long") and re.fullmatch("-?[0-9]+", text)


def read(value, shape, place, found):
    """A JSON value as botocore's validator takes it. What the validator does not look for is added to `found`."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: read(each, members[name], f"{place}.{name}", found) if name in members else each for name, each in value.items()}
    if kind == "map" and isinstance(value, dict):
        value = {read(name, shape.key, place, found): read(each, shape.value, f"{place}.{name}", found) for name, each in value.items()}
    elif kind == "list" and isinstance(value, list):
        value = [read(each, shape.member, f"{place}[{at}]", found) for at, each in enumerate(value)]
    elif kind == "timestamp" and isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value, timezone.utc)
    elif kind == "blob" and isinstance(value, str):
        try:
            value = base64.b64decode(value, validate=True)
        except ValueError:
            found.append(f"{place} is no base64")
    found.extend(f"{place} {fault}" for fault in constraints(value, shape))
    return value


def constraints(value, shape):
    """Those of the model's constraints that botocore's validator leaves to the service."""
    size = len(value) if isinstance(value, (str, bytes, list, dict)) else value
    if isinstance(size, int) and size > shape.metadata.get("max", size):
        yield f"is more than {shape.metadata['max']}"
    if isinstance(value, str):
        if shape.type_name == "string" and shape.enum and value not in shape.enum:
            yield f"is {value!r}, none of {shape.enum}"
        if "pattern" in shape.metadata and not re.fullmatch(shape.metadata["pattern"], value):
            yield f"is {value!r}, unlike {shape.metadata['pattern']}"


# Who asks


def signature_faults(call, service):
    """Signs the call once more, as AWS does, with the secret that every test has."""
    header = AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
    if not header:
        return ["it is not signed"]
    if (header["region"], header["service"]) != (REGION, service):
        return [f"it is signed for {header['service']} in {header['region']}, not for {service} in {REGION}"]
    signed = header["signed"].split(";")
    if left_out := (SIGNED & call.headers.keys()) - set(signed):
        return [f"not signed: {left_out}"]
    url = f"http://{call.headers['host']}{call.target}"
    request = AWSRequest(call.method, url, {name: call.headers[name] for name in signed}, call.body)
    request.context["timestamp"] = call.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(header["key"], SECRET), service, REGION)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return [] if signer.signature(text, request) == header["signature"] else ["its signature is wrong"]


# What is answered


def answer_faults(call, operation):
    """Whether clients can read it. What is in it is the server's."""
    answer = {"status_code": call.status, "headers": call.answer_headers, "body": call.answer}
    try:
        json.loads(call.answer or "{}")
        # A service that has several protocols names its favourite; a target says that it is JSON's.
        protocol = "json" if "x-amz-target" in call.headers else operation.service_model.protocol
        parsed = botocore.parsers.create_parser(protocol).parse(answer, operation.output_shape)
    except (ValueError, TypeError, botocore.parsers.ResponseParserError) as error:
        return [f"its answer cannot be read: {error}"]
    # Without a code botocore takes the status for it.
    if call.status != 200 and parsed["Error"]["Code"] == str(call.status):
        return [f"it is answered {call.status} without an error's code"]
    return []
