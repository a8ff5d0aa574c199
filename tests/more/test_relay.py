"""The relay's page in a headless Chromium, and its API against its own description."""

import contextlib
import json
import os
import re
import shutil
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import websocket

import harness
import tools
from harness import until

DEAD = "http://127.0.0.1:9/hook"
KEY = "a-key-for-the-tests-alone"
HOOKS = Path(__file__).parent / "schemathesis_hooks.py"


@pytest.fixture
def relay(tmp_path):
    """A relay on the embedded AWS of an empty directory; its URL without a slash at its end."""
    command = [harness.binary(), "relay", "--port", "0"]
    with harness.Server(command, cwd=tmp_path, env=harness.environment()) as server:
        yield "http://" + server.line("http://").rstrip("/")


def ask(url, method="GET", body=None, key=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        text = answer.read().decode()
        return json.loads(text) if answer.headers["content-type"] == "application/json" else text


class Page:
    """One tab of a browser, over Chromium's own protocol."""

    def __init__(self, url):
        self.socket = websocket.create_connection(url, timeout=30, suppress_origin=True)
        self.number = 0
        self.troubles = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                return message["result"]
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.troubles.append(message["params"])

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def cell(self, id, selector):
        return self.run(f"document.querySelector('tr[data-id=\"{id}\"] {selector}')?.textContent ?? null")

    def press(self, id, name):
        buttons = f"[...document.querySelectorAll('tr[data-id=\"{id}\"] button')]"
        self.run(f"{buttons}.find((button) => button.textContent === '{name}' && !button.hidden).click()")


@pytest.fixture
def page(tmp_path):
    """A browser with one empty tab."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "chromium is missing: apt-get install chromium"
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path / 'profile'}",
        "about:blank",
    ]
    with harness.Server(command, cwd=tmp_path) as browser:
        port = urllib.parse.urlsplit(browser.line("DevTools listening on ")).port
        tabs = until("a tab", lambda: [tab for tab in ask_tabs(port) if tab["type"] == "page"])
        tab = Page(tabs[0]["webSocketDebuggerUrl"])
        with contextlib.closing(tab.socket):
            yield tab


def ask_tabs(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
        return json.load(answer)


def test_the_page_shows_subscriptions_and_its_buttons_work(relay, page):
    hostile = DEAD + "/%3Cimg%20src=x%3E"
    id = ask(relay + "/", "POST", {"table_name": "Orders", "url": hostile})
    page.call("Page.navigate", url=relay + "/")
    until("the subscription", lambda: page.cell(id, ".status") == "ERROR")
    assert page.cell(id, ".url") == hostile
    assert "Orders" in page.cell(id, ".error")
    until("a chart", lambda: page.run(f"document.querySelector('tr[data-id=\"{id}\"] polyline').getAttribute('points')"))

    page.press(id, "pause")
    until("a pause", lambda: page.cell(id, ".status") == "PAUSED")
    assert ask(relay + "/")[id]["status"] == "PAUSED"
    page.press(id, "resume")
    until("the end of the pause", lambda: page.cell(id, ".status") not in ("PAUSED", None))
    page.press(id, "remove")
    until("the removal", lambda: page.cell(id, ".status") == "REMOVED")
    assert ask(relay + "/")[id]["status"] == "REMOVED"

    assert page.run("document.querySelectorAll('img, iframe, link, script[src]').length") == 0
    assert page.troubles == [], "nothing is blocked, and nothing fails"


def test_with_keys_the_page_shows_nothing_until_it_is_given_one(tmp_path, page):
    with harness.serving("relay", tmp_path, API_KEYS=KEY) as url:
        id = ask(url, "POST", {"table_name": "Orders", "url": DEAD}, KEY)
        page.call("Page.navigate", url=url)
        until("the field for a key", lambda: page.run("document.getElementById('door')?.hidden === false"))
        until("why", lambda: "key" in page.run("document.getElementById('trouble').textContent").lower())
        assert page.cell(id, ".url") is None

        give(page, "a-key-that-is-none-of-them")
        until("the refusal", lambda: page.run("document.getElementById('trouble').hidden") is False)
        assert page.cell(id, ".url") is None
        give(page, KEY)
        until("the subscription", lambda: page.cell(id, ".url") == DEAD)
        assert page.run("document.getElementById('trouble').hidden") and page.run("document.getElementById('key').value") == ""

        page.press(id, "pause")
        until("a pause", lambda: ask(url, key=KEY)[id]["status"] == "PAUSED")
        assert page.run("document.cookie + localStorage.length") == "0", "the key is kept for this tab alone"


def give(page, key):
    """Types a key into the page's field and presses Enter."""
    page.run("document.getElementById('key').focus()")
    page.call("Input.insertText", text=key)
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")


def look(relay, directory, *options):
    """Runs schemathesis on the API's own description; the same requests every time. Returns what it said."""
    command = ["schemathesis", "--config-file", os.devnull, "run", f"{relay}/openapi.json", "--checks", "all"]
    command += ["--continue-on-failure", "--seed", "20260312", "--generation-database", "none", "--warnings", "off"]
    environment = tools.environment(SCHEMATHESIS_HOOKS=str(HOOKS))
    return harness.run([*command, "--no-color", *options], 600, cwd=directory, env=environment).stdout


def test_the_api_is_as_its_description_says(relay, tmp_path):
    said = look(relay, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", "40")
    assert int(re.search(r"^ *(\d+) generated", said, re.MULTILINE)[1]) > 200, said


def test_what_is_added_can_be_used_as_the_description_links_it(relay, tmp_path):
    # One that is removed stays listed, and can be looked at, until the process ends.
    options = ["--exclude-checks", "use_after_free", "--max-examples", "25"]
    said = look(relay, tmp_path, "--phases", "stateful", *options)
    assert "5 covered / 5 selected" in said, said
