"""What stands between a server and those who are tested against it: every call is kept, and must be as AWS wants calls to be."""

import contextlib

import aws_model
import proxy


class Wire:
    """A server at two endpoints: one that keeps the calls, for what is tested, and its own, for the test itself."""

    def __init__(self, endpoint, direct, calls):
        self.endpoint = endpoint
        self.direct = direct
        self.calls = calls

    def operations(self):
        return {aws_model.name(call) for call in self.calls}


@contextlib.contextmanager
def to(server):
    """At the end every call is held against AWS's own models."""
    with proxy.recording(server) as (endpoint, calls):
        yield Wire(endpoint, server, calls)
    faults = [f"{aws_model.name(call)}: {fault}" for call in calls for fault in aws_model.faults(call)]
    assert not faults, "\n".join(faults)
