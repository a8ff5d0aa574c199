"""`tablefeed status` of a function on moto: what CloudWatch has of it is shown, and what it will not tell is told as not known."""

import contextlib
import datetime
import http.server
import json
import subprocess
import threading
import urllib.error
import urllib.request

import harness
from harness import client
from test_doctor import FUNCTION, Deployment


def status(endpoint, *arguments, exit_code=0):
    command = [harness.binary(), "status", FUNCTION, "--endpoint-url", endpoint, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=harness.SECONDS, env=harness.environment())
    assert done.returncode == exit_code, done
    return done.stdout


def put(endpoint, namespace, dimension, values, minutes_ago=0):
    name, value = dimension
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes_ago)
    data = [
        {"MetricName": metric, "Dimensions": [{"Name": name, "Value": value}], "Timestamp": at, "Value": number}
        for metric, number in values.items()
    ]
    client("cloudwatch", endpoint).put_metric_data(Namespace=namespace, MetricData=data)


def test_lag_and_the_outcomes_of_the_last_hour_are_those_of_cloudwatch():
    with harness.moto() as endpoint:
        deployment = Deployment(endpoint)
        quiet = json.loads(status(endpoint, "--json"))["metrics"]
        assert quiet["iterator_age_ms"] is None and quiet["outcomes"]["persisted"] == 0, quiet
        assert "lag       no invocation in the last hour\nlast hour nothing\n" in status(endpoint)

        ours, theirs = ("service", "persist"), ("service", "other")
        put(endpoint, "AWS/Lambda", ("FunctionName", FUNCTION), {"IteratorAge": 90_000}, minutes_ago=20)
        put(endpoint, "AWS/Lambda", ("FunctionName", FUNCTION), {"IteratorAge": 65_000})
        put(endpoint, "AWS/Lambda", ("FunctionName", "other"), {"IteratorAge": 1})
        put(endpoint, "tablefeed", ours, {"Persisted": 40, "Rejected": 1, "Letters": 1, "LagP50": 350, "LagMax": 2100})
        put(endpoint, "tablefeed", ours, {"Persisted": 60, "WriteThrottles": 7, "SystemicFailure": 1}, minutes_ago=20)
        put(endpoint, "tablefeed", ours, {"Persisted": 5000}, minutes_ago=90)
        put(endpoint, "tablefeed", theirs, {"Persisted": 5000})

        seen = json.loads(status(endpoint, "--json"))["metrics"]
        outcomes = {name: count for name, count in seen.pop("outcomes").items() if count}
        assert outcomes == {"persisted": 100, "rejected": 1}
        assert seen == {
            "iterator_age_ms": 65_000,
            "lag_p50_ms": 350,
            "lag_max_ms": 2100,
            "letters": 1,
            "write_throttles": 7,
            "systemic_failures": 1,
        }
        shown = status(endpoint)
        assert "lag       behind the stream 1 min, from arrival to done, median 350 ms, at most 2 s\n" in shown, shown
        assert "last hour persisted 100, rejected 1, letters 1, write throttles 7, systemic failures 1\n" in shown, shown

        deployment.set(POWERTOOLS_SERVICE_NAME="other")
        assert json.loads(status(endpoint, "--json"))["metrics"]["outcomes"]["persisted"] == 5000


@contextlib.contextmanager
def without_cloudwatch(endpoint):
    """Passes everything on but calls of CloudWatch, which it denies as AWS does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, code, headers, body):
            self.send_response(code)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def forward(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("x-amz-target", "").startswith("GraniteServiceVersion20100801."):
                denied = {"__type": "com.amazonaws.cloudwatch#AccessDeniedException", "Message": "not authorized"}
                return self.answer(403, [("content-type", "application/x-amz-json-1.0")], json.dumps(denied).encode())
            asked = urllib.request.Request(endpoint + self.path, body or None, dict(self.headers), method=self.command)
            try:
                with urllib.request.urlopen(asked, timeout=harness.SECONDS) as got:
                    self.answer(got.status, got.getheaders(), got.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, error.headers.items(), error.read())

        do_GET = do_POST = do_PUT = forward

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        server.server_close()


def test_a_denied_call_is_not_known_and_ends_nothing_else():
    with harness.moto() as endpoint:
        Deployment(endpoint)
        with without_cloudwatch(endpoint) as front:
            seen = json.loads(status(front, "--json"))
    assert seen["metrics"] == {"unknown": "CloudWatch cannot be asked: AccessDeniedException: not authorized"}
    assert seen["batch"]["id"] == "batch-7" and seen["function"] == FUNCTION
