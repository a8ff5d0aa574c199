"""What schemathesis does not know by itself: how documents become JSON lines, and how text is read."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    """An array as a line for each of its elements; anything else, which is at fault, as a line that is no object."""
    documents = value if isinstance(value, list) else [[value]]
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


@schemathesis.deserializer("text/plain")
def text(ctx, response):
    return response.content.decode()
