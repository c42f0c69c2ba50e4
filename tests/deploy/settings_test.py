# Goal: what the operator guide says of settings is so on a running server: keys, levels of the log, and where it writes.
# Method: real servers with those settings, whose answers, log lines and open files are looked at.

import base64
import ctypes
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from documents import PROGRAM, needs_program
from scripts_test import START_SECONDS_MAX, Server

LEVELS = ("debug", "info", "warn", "error")


@needs_program()
class ServerTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-settings-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, name, environment=None, **options):
        (self.folder / name).mkdir()
        server = Server(self.folder / name, environment, **options)
        self.addCleanup(server.process.wait)
        self.addCleanup(server.process.kill)
        return server

    def get(self, server, path):
        with urllib.request.urlopen(server.url + path) as answer:
            return json.load(answer)

    def violation(self, server):
        """The one violation of a server that has just got one, in full."""
        server.add("slow", "span.duration > 1s")
        server.change("POST", "/v1/spans", {"spans": [{"trace_id": "one", "span_id": "a", "name": "pay", "duration_ms": 2000}]})
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (listed := self.get(server, "/v1/violations")["violations"]):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return self.get(server, f"/v1/violations/{listed[0]['id']}")


class SigningTest(ServerTest):
    def test_with_a_key_it_says_so_and_a_violation_verifies(self):
        server = self.start("signed", {"BETRACE_SIGNATURE_KEY": base64.b64encode(os.urandom(32)).decode()})
        self.assertEqual(self.get(server, "/ready")["signing"], "on")
        violation = self.violation(server)
        self.assertTrue(violation["verified"])
        self.assertRegex(violation["signature"], r"^v1:[^:]+:[0-9a-f]{64}$")

    def test_without_one_it_says_so_records_are_unsigned_and_the_chain_verifies(self):
        server = self.start("unsigned")
        ready = self.get(server, "/ready")
        self.assertEqual(ready["signing"], "off")
        self.assertIn("signing_off", ready["warnings"])
        violation = self.violation(server)
        self.assertEqual((violation["verified"], violation["signature"], violation["unsigned"]), (None, None, True))
        server.stop()
        state = self.folder / "unsigned/rules"
        keys = subprocess.run([PROGRAM, "evidence", "keys", "--storage-path", state], capture_output=True, text=True)
        done = subprocess.run([PROGRAM, "evidence", "verify", state / ".betrace", "--trust", keys.stdout.split()[1]],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_no_key_is_built_into_the_program(self):
        # A key of 32 bytes is 44 characters of base64; keys in PEM have their own line.
        found = re.findall(rb"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])|PRIVATE KEY-----\n[A-Za-z0-9+/]",
                           PROGRAM.read_bytes())
        self.assertEqual(found, [])


class LogLevelTest(ServerTest):
    def test_each_level_shows_itself_and_what_is_graver_and_nothing_less(self):
        shown = {}
        for level in LEVELS:
            with open(self.folder / f"{level}.log", "w+") as log:
                # A damaged file is an error, a missing key a warning of the start; a start is information.
                (self.folder / level / "rules").mkdir(parents=True)
                (self.folder / level / "rules/bad.json").write_text('{"format": 1, "sha256": "no"')
                server = Server(self.folder / level, {"LOG_LEVEL": level, "BETRACE_INSECURE": "true"}, errors=log, flags=())
                time_is_up = time.monotonic() + START_SECONDS_MAX
                while level != "error" and "open to everybody" not in (self.folder / f"{level}.log").read_text():
                    self.assertLess(time.monotonic(), time_is_up)
                    time.sleep(0.02)
                server.stop()
                log.seek(0)
                shown[level] = {json.loads(line)["level"] for line in log}
        self.assertEqual(shown["error"], {"error"})
        self.assertEqual(shown["warn"], {"error", "warn"})
        self.assertEqual(shown["info"], {"error", "warn", "info"})
        self.assertGreaterEqual(shown["debug"], {"error", "warn", "info"})


class FilesAloneTest(ServerTest):
    def test_two_deployments_from_the_same_files_have_the_same_rules_and_limits(self):
        rules = self.folder / "rules.json"
        rules.write_text(json.dumps({"rules": [
            {"id": f"rule-{number}", "name": f"rule-{number}", "severity": "HIGH", "expression": f"span.duration > {number + 1}s"}
            for number in range(5)]}))
        configuration = self.folder / "betrace.yaml"
        configuration.write_text(f"rules: {{bootstrap_file: {rules}}}\ntrace: {{quiet: 7s}}\nlimits: {{rules: 77}}\n")
        first, second = (self.start(name, {"BETRACE_CONFIG": str(configuration)}) for name in ("first", "second"))
        content = [[(rule["id"], rule["expression"], rule["severity"], rule["revision"]) for rule in server.rules()]
                   for server in (first, second)]
        self.assertEqual(content[0], content[1])
        self.assertEqual(len(content[0]), 5)
        limits = [self.get(server, "/v1/limits")["limits"] for server in (first, second)]
        self.assertEqual(limits[0], limits[1])
        self.assertEqual((limits[0]["limits.rules"], limits[0]["trace.quiet"]), (77, 7000))


class BurstTest(ServerTest):
    def test_a_burst_of_violations_is_recorded_whole_and_waits_within_its_limit(self):
        count, limit = 30_000, 2_000
        server = self.start("burst", {"BETRACE_LOG_PENDING": str(limit), "BETRACE_VIOLATIONS_RULE_RATE": "0",
                                      "BETRACE_VIOLATIONS_TOTAL_RATE": "0"})
        server.add("slow", "span.duration > 1s")
        waiting = []
        for number in range(count // 1000):
            spans = [{"trace_id": f"{number}-{index}", "span_id": "a", "name": "pay", "duration_ms": 2000} for index in range(1000)]
            self.send(server, {"spans": spans})
            waiting.append(self.metric(server, "betrace_log_pending"))
        deadline = time.monotonic() + START_SECONDS_MAX
        while (total := self.get(server, "/v1/violations?limit=1")["total"]) < count:
            self.assertLess(time.monotonic(), deadline, total)
            time.sleep(0.05)
        self.assertEqual(total, count)
        self.assertLessEqual(max(waiting), limit)
        self.assertEqual(self.metric(server, "betrace_violations_suppressed_total"), 0)

    def send(self, server, body):
        """Again as long as it is told to come later, as any sender does."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return server.change("POST", "/v1/spans", body)
            except urllib.error.HTTPError as error:
                self.assertIn(error.code, (429, 503))
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)

    @staticmethod
    def metric(server, name):
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            return sum(float(number) for number in
                       re.findall(rf"^{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.M))


class SlowRuleTest(ServerTest):
    SAMPLED = 64  # one judging in so many is measured

    def send(self, server, traces, spans):
        """Traces of so many spans that do not differ; waits until they are closed."""
        server.change("POST", "/v1/spans", {"spans": [
            {"trace_id": f"trace-{self.sent + trace}", "span_id": f"span-{span}", "name": "pay", "attributes": {"order": "1"}}
            for trace in range(traces) for span in range(spans)]})
        self.sent += traces
        deadline = time.monotonic() + START_SECONDS_MAX
        while BurstTest.metric(server, "betrace_traces_closed_total") < self.sent:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_a_slow_rule_is_counted_and_named_in_the_log_once(self):
        self.sent = 0
        with open(self.folder / "log", "w+") as log:
            server = self.start("slow", {"BETRACE_TRACE_QUIET": "100ms", "BETRACE_WORKERS": "1"}, errors=log,
                                flags=("--log-level", "warn"))
            # No two spans differ, so each is compared with all that were before.
            server.add("heavy", 'count(pay and span.preceded_by(span.attributes["order"] != anchor.attributes["order"])) > 3')
            for count in (1, 2):
                self.send(server, self.SAMPLED - 1, 5)
                self.send(server, 1, 900)
                self.assertEqual(BurstTest.metric(server, "betrace_rule_slow_evaluations_total"), count)
            server.stop()
            log.seek(0)
            said = [line for line in map(json.loads, log) if "slow" in line["message"]]
        self.assertEqual([(line["level"], line["rule_id"]) for line in said], [("warn", "heavy")])
        self.assertGreater(said[0]["seconds"], 0.01)


class Looks:
    """What is opened or read in a folder while this is open; see inotify(7)."""
    ACCESS, OPEN, IN_NONBLOCK = 0x1, 0x20, 0o4000

    def __init__(self, folder):
        library = ctypes.CDLL(None, use_errno=True)
        self.descriptor = library.inotify_init1(self.IN_NONBLOCK)
        self.is_watching = library.inotify_add_watch(self.descriptor, os.fsencode(folder), self.ACCESS | self.OPEN) >= 0

    def files(self):
        """Names of files, of each as often as it was opened or read."""
        found = []
        try:
            while data := os.read(self.descriptor, 65536):
                while data:
                    length = struct.unpack_from("iIII", data)[3]
                    found.append(data[16:16 + length].rstrip(b"\0").decode())
                    data = data[16 + length:]
        except BlockingIOError:
            pass
        return [name for name in found if name.endswith(".json")]

    def close(self):
        os.close(self.descriptor)


class RulesInMemoryTest(ServerTest):
    def test_no_rule_file_is_opened_to_judge_spans(self):
        server = self.start("memory")
        self.violation(server)
        looks = Looks(self.folder / "memory/rules")
        self.addCleanup(looks.close)
        self.assertTrue(looks.is_watching)
        for number in range(50):
            server.change("POST", "/v1/spans", {"spans": [
                {"trace_id": f"trace-{number}", "span_id": f"span-{index}", "name": "pay", "duration_ms": 2000}
                for index in range(20)]})
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.get(server, "/v1/violations?limit=1")["total"] < 1001:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(looks.files(), [])
        (self.folder / "memory/rules/slow.json").read_text()
        self.assertIn("slow.json", looks.files(), "the watch works")


class WritesTest(ServerTest):
    def test_all_that_it_writes_lies_under_the_storage_path(self):
        elsewhere = {name: self.folder / name for name in ("home", "tmp", "work")}
        for path in elsewhere.values():
            path.mkdir()
        server = self.start("here", {"HOME": str(elsewhere["home"]), "TMPDIR": str(elsewhere["tmp"])}, cwd=elsewhere["work"])
        self.violation(server)
        storage = self.folder / "here/rules"
        written = set()
        for descriptor in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
            target = os.readlink(descriptor)
            flags = int(re.search(r"^flags:\s+(\d+)", pathlib.Path(
                f"/proc/{server.process.pid}/fdinfo/{descriptor.name}").read_text(), re.M)[1], 8)
            if target.startswith("/") and not target.startswith("/dev/") and flags & (os.O_WRONLY | os.O_RDWR):
                written.add(target)
        self.assertTrue(written)
        for target in written:
            self.assertTrue(target.startswith(f"{storage}/"), target)
        server.stop()
        for name, path in elsewhere.items():
            self.assertEqual(list(path.iterdir()), [], name)
        self.assertTrue((storage / ".betrace").is_dir())


if __name__ == "__main__":
    unittest.main()
