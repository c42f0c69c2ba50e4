"""What the tests with real peers share: servers, the checkout that violates, and the word on who was there.

A peer that cannot be had is skipped, by name; `make e2e` prints those lines, and a line PEER for each that ran.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(str(PROJECT / "tests" / "deploy"))

from documents import DEPLOY, TOOLS, documents_of, needs_program, needs_tool, tool  # noqa: E402, F401
from scripts_test import Server, clean_environment, free_port, make_certificate  # noqa: E402, F401

PEERS = pathlib.Path(__file__).resolve().parent
PYTHON = TOOLS / "python/bin/python"
SECONDS_MAX = 180  # on a machine with much else to do
FORMS = ("grpc", "http/protobuf", "http/json")


class Sdk:
    """An OpenTelemetry SDK: the command that sends a checkout by it, and whether it could be had."""

    def __init__(self, name, forms, command, made):
        self.name, self.forms, self.command, self.made = name, forms, command, made

    def needed(self):
        return unittest.skipUnless(self.made.exists() and tool(str(self.command[0])),
                                   f"SKIPPED: OpenTelemetry SDK for {self.name} is not installed (tools/setup --e2e)")

    def send_checkout(self, form, endpoint, header="", authority=""):
        """Sends one checkout; returns its ids and the version of the SDK."""
        # These authorities would be taken for the one that is given.
        environment = {name: value for name, value in clean_environment().items()
                       if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
        done = subprocess.run([*self.command, form, endpoint, header, authority], capture_output=True, text=True,
                              env=environment, timeout=SECONDS_MAX)
        if done.returncode != 0 or done.stderr:
            raise AssertionError(f"{self.name}, {form} to {endpoint}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)


# That of JavaScript has its tests in tests/e2e/otel_sdk.test.mjs.
PYTHON_SDK = Sdk("Python", FORMS, [PYTHON, PEERS / "send_checkout.py"], TOOLS / "python/installed")
GO_SDK = Sdk("Go", FORMS[:2], [TOOLS / "bin/send_checkout"], TOOLS / "bin/send_checkout")
JAVA_SDK = Sdk("Java", FORMS[:2], ["java", "-cp", f"{TOOLS}/java:{TOOLS}/java/*", "SendCheckout"], TOOLS / "java/installed")
RULE = "when { payment.charge.where(amount > 1000) } always { fraud.check }"


def announce(name, version):
    print(f"\nPEER {name} {version}", flush=True)


def version_of(program, *arguments):
    """The first number with dots that a program says of itself."""
    done = subprocess.run([program, *(arguments or ["--version"])], capture_output=True, text=True)
    words = (done.stdout + done.stderr).replace("/", " ").replace(",", " ").split()
    return next(word for word in words if word[:1].isdigit() and "." in word)


def eventually(what, attempt):
    """Polls until `attempt` gives something true, and returns that."""
    deadline = time.monotonic() + SECONDS_MAX
    while not (result := attempt()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {SECONDS_MAX} s: {what}")
        time.sleep(0.05)
    return result


class Judge:
    """A server with the rule that the checkout violates, and its doors."""

    def __init__(self, case, environment=None, key=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-peers-"))
        self.key = key
        self.grpc_port = free_port()
        self.environment = {"BETRACE_TRACE_QUIET": "200ms"} | (environment or {}) | ({"BETRACE_API_KEY": key} if key else {})
        self.start()
        case.addClassCleanup(lambda: self.server.process.kill())
        self.ask("/v1/rules", {"id": "large-payment", "name": "large-payment", "severity": "CRITICAL", "expression": RULE})

    def start(self):
        self.server = Server(self.folder, self.environment, grpc_port=self.grpc_port)
        self.url, self.grpc = self.server.url, f"http://127.0.0.1:{self.grpc_port}"

    def ask(self, path, body=None):
        headers = {"Content-Type": "application/json"} | ({"X-API-Key": self.key} if self.key else {})
        request = urllib.request.Request(self.url + path, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def check(self, case, ids):
        """The checkout is judged: the violation is there, whole, and its witness is the charge."""
        listed = eventually(f"a violation of {ids}", lambda: self.ask(f"/v1/violations?trace_id={ids['trace']}")["violations"])
        case.assertEqual([(row["rule_id"], row["service"], row["completeness"]) for row in listed],
                         [("large-payment", "checkout", "complete")])
        whole = self.ask(f"/v1/violations/{listed[0]['id']}")
        case.assertEqual([(row["span_id"], row["attributes"]["amount"]) for row in whole["witnesses"]], [(ids["charge"], 1500)])
