"""A proxy on the loopback that keeps every call that passes through it."""

import contextlib
import http.client
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import harness

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Call(NamedTuple):
    """A request as it came, then its answer. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict
    body: bytes
    status: int = 0
    answer_headers: dict = {}
    answer: bytes = b""


@contextlib.contextmanager
def recording(endpoint):
    """Passes everything on to the endpoint, as it came. Yields the proxy's own endpoint, and the calls in the order of their answers."""
    calls = []
    upstream = urllib.parse.urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            call = answered(Call(self.command, self.path, lower(self.headers), body), upstream)
            calls.append(call)
            self.send_response_only(call.status)
            for name, value in call.answer_headers.items():
                if name not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(call.answer)))
            self.end_headers()
            self.wfile.write(call.answer)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()


def answered(call, upstream):
    with contextlib.closing(http.client.HTTPConnection(upstream, timeout=harness.SECONDS)) as connection:
        connection.request(call.method, call.target, call.body, call.headers)
        answer = connection.getresponse()
        return call._replace(status=answer.status, answer_headers=lower(answer.headers), answer=answer.read())


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}
