# Goal: what docs/guide/disaster-recovery.md tells people to do after a disaster works, and within the time that is promised.
# Method: the commands of the shipped jobs, with a folder in place of the bucket and of the volumes, against real
# servers. Each drill prints what it took: lines that begin with TIMED. BETRACE_DRILL_RULES says how many rules there are.

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from documents import DEPLOY, KUBERNETES, PROGRAM, documents_of, needs_program, needs_tool
from scripts_test import START_SECONDS_MAX, Server, clean_environment
from wiring import pod_of

RULES = int(os.environ.get("BETRACE_DRILL_RULES", "100"))
CLUSTER_LOST_SECONDS_MAX, CORRUPTION_SECONDS_MAX = 15 * 60, 30 * 60

# Stands for the bucket: copies files of a folder, as `aws s3 cp FROM TO` does.
AWS = """#!/bin/sh
set -eu
place() { case $1 in s3://*) echo "$BUCKET_FOLDER/${1##*/}" ;; *) echo "$1" ;; esac; }
cp "$(place "$3")" "$(place "$4")"
"""


class DrillTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-drill-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("bucket", "backup", "bin"):
            (self.folder / name).mkdir()
        (self.folder / "bin/aws").write_text(AWS)
        (self.folder / "bin/aws").chmod(0o755)

    def start(self, log=subprocess.DEVNULL):
        server = Server(self.folder, {
            "BETRACE_TRACE_QUIET": "100ms", "BETRACE_LIMITS_REST_WRITE_RATE": "0", "BETRACE_LIMITS_REST_RATE": "0",
            "BETRACE_VIOLATIONS_RULE_RATE": "0", "BETRACE_VIOLATIONS_TOTAL_RATE": "0"}, errors=log)
        self.addCleanup(server.process.kill)
        return server

    def run_job(self, name, server=None):
        """Runs every command of the shipped job, as its pod would on the volumes of this drill."""
        job = next(thing for thing in documents_of(KUBERNETES / "jobs") if thing["kind"].endswith("Job")
                   and (thing["metadata"].get("name") or thing["metadata"]["generateName"]).startswith(name))
        pod = pod_of(job)["spec"]
        for container in pod.get("initContainers", []) + pod["containers"]:
            command = [part.replace("/backup-rules.sh", str(DEPLOY / "image/backup-rules.sh"))
                       .replace("/restore-rules.sh", str(DEPLOY / "image/restore-rules.sh"))
                       .replace("/data/rules", str(self.folder / "rules"))
                       .replace(" /backup/", f" {self.folder}/backup/") for part in container["command"]]
            command = [part.replace("/backup/", f"{self.folder}/backup/") if part.startswith("/backup/") else part
                       for part in command]
            environment = {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}
            environment |= {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "BUCKET_FOLDER": str(self.folder / "bucket"),
                            "TMPDIR": str(self.folder), "BETRACE_URL": server.url if server else "http://127.0.0.1:1"}
            done = subprocess.run(command, capture_output=True, text=True, env=clean_environment() | environment)
            self.assertEqual(done.returncode, 0, f"{name}: {container['name']}: {done.stdout}{done.stderr}")

    def fill(self, server):
        rules = [{"id": f"rule-{number}", "name": f"rule-{number}", "severity": "LOW",
                  "expression": f"span.duration > {number + 1}h"} for number in range(RULES - 1)]
        rules.append({"id": "slow", "name": "slow", "severity": "HIGH", "expression": "span.duration > 1s"})
        server.change("POST", "/v1/rules/import", {"rules": rules})

    def violate(self, server, number):
        """Sends a trace that violates, and waits until that is known: the whole way works."""
        server.change("POST", "/v1/spans", {"spans": [{
            "trace_id": f"trace-{number}", "span_id": "pay", "name": "pay", "start_time": "2026-01-31T10:00:00Z",
            "duration_ms": 2000}]})
        deadline = time.monotonic() + START_SECONDS_MAX
        while not any(row["rule_id"] == "slow" for row in self.violations(server, f"trace-{number}")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    @staticmethod
    def violations(server, trace):
        with urllib.request.urlopen(f"{server.url}/v1/violations?trace_id={trace}") as answer:
            return json.load(answer)["violations"]

    def done_within(self, what, began, seconds_max):
        took = time.monotonic() - began
        print(f"\nTIMED {what}: {RULES} rules in {took:.1f} s, promised are {seconds_max // 60} min", flush=True)
        self.assertLess(took, seconds_max)


@needs_program()
@needs_tool("jq", "tools/setup")
@needs_tool("curl", "tools/setup")
class ClusterLostTest(DrillTest):
    def test_a_new_cluster_judges_by_the_rules_of_the_last_backup(self):
        first = self.start()
        self.fill(first)
        self.run_job("betrace-backup", first)
        before = first.rules()
        first.process.kill()
        first.process.wait()
        shutil.rmtree(self.folder / "rules")

        began = time.monotonic()
        second = self.start()
        self.assertEqual(second.rules(), [])
        self.run_job("betrace-restore-rules", second)
        self.assertEqual(second.rules(), before)
        self.violate(second, 1)
        self.done_within("a cluster is lost", began, CLUSTER_LOST_SECONDS_MAX)
        second.stop()


@needs_program()
class KilledTest(DrillTest):
    RECORDS = int(os.environ.get("BETRACE_DRILL_RECORDS", "10000"))

    def total(self, server):
        with urllib.request.urlopen(f"{server.url}/v1/violations?limit=1") as answer:
            return json.load(answer)["total"]

    def send(self, server, first, count):
        """Traces that all violate; again as long as it is told to come later."""
        body = {"spans": [{"trace_id": f"many-{first + index}", "span_id": "pay", "name": "pay", "duration_ms": 2000}
                          for index in range(count)]}
        while True:
            try:
                return server.change("POST", "/v1/spans", body)
            except urllib.error.HTTPError as error:
                self.assertIn(error.code, (429, 503))
                time.sleep(0.02)

    def test_a_process_that_is_killed_is_ready_again_with_all_that_was_shown(self):
        server = self.start()
        self.fill(server)
        for first in range(0, self.RECORDS, 1000):
            self.send(server, first, 1000)
        deadline = time.monotonic() + 60 + self.RECORDS / 1000
        while (shown := self.total(server)) < self.RECORDS:
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.05)
        for _ in range(3):
            server.process.kill()
            server.process.wait()
            began = time.monotonic()
            server = self.start()
            took = time.monotonic() - began
            print(f"\nTIMED kill and start: ready after {took:.2f} s with {RULES} rules and {shown} violations", flush=True)
            self.assertLess(took, 60)
            self.assertEqual(self.total(server), shown)
            self.assertEqual(len(server.rules()), RULES)
        self.violate(server, 1)
        server.stop()


@needs_program()
@needs_tool("jq", "tools/setup")
@needs_tool("curl", "tools/setup")
class CorruptionTest(DrillTest):
    def damage(self, path, place):
        content = bytearray(path.read_bytes())
        content[place] ^= 0x10
        path.write_bytes(content)

    def test_a_folder_full_of_damage_is_cleared_restored_and_the_log_is_whole(self):
        first = self.start()
        self.fill(first)
        self.run_job("betrace-backup", first)
        before = {rule["id"]: rule["expression"] for rule in first.rules()}
        self.violate(first, 1)
        first.stop()
        for path in (self.folder / "rules").glob("*.json"):
            self.damage(path, path.stat().st_size // 2)
        state = self.folder / "rules/.betrace"

        began = time.monotonic()
        # Scaled to 0; then the job that clears, and the start.
        self.run_job("betrace-clear-rules")
        self.assertEqual([path.name for path in (self.folder / "rules").iterdir()], [".betrace"])
        verified = subprocess.run([PROGRAM, "evidence", "verify", state, "--trust", self.fingerprint()], capture_output=True,
                                  text=True, env=clean_environment())
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        second = self.start()
        self.run_job("betrace-restore-rules", second)
        self.assertEqual({rule["id"]: rule["expression"] for rule in second.rules()}, before)
        self.assertEqual(len(self.violations(second, "trace-1")), 1)
        self.violate(second, 2)
        self.done_within("data corruption", began, CORRUPTION_SECONDS_MAX)
        second.stop()

    def fingerprint(self):
        done = subprocess.run([PROGRAM, "evidence", "keys", "--storage-path", self.folder / "rules"],
                              capture_output=True, text=True, env=clean_environment())
        return done.stdout.split()[1]

    def test_each_flipped_bit_is_named_with_the_file_that_it_is_in_and_where_that_went(self):
        server = self.start()
        self.fill(server)
        server.stop()
        files = sorted((self.folder / "rules").glob("rule-*.json"))[:20]
        for number, path in enumerate(files):
            self.damage(path, number * (path.stat().st_size - 1) // len(files))
        with open(self.folder / "log", "w+") as log:
            server = self.start(log)
            self.assertEqual(len(server.rules()), RULES - len(files))
            with urllib.request.urlopen(f"{server.url}/ready") as answer:
                self.assertEqual(json.load(answer)["checks"]["storage"], f"degraded: {len(files)} quarantined")
            server.stop()
            log.seek(0)
            errors = [line for line in map(json.loads, log) if line["level"] == "error"]
        for path in files:
            aside = [name.name for name in path.parent.glob(f"{path.name}.corrupt-*")]
            self.assertEqual(len(aside), 1, path)
            said = [line for line in errors if line.get("subject") == f"file {path.name}"]
            self.assertEqual(len(said), 1, f"{path.name}: {errors[:3]}")
            self.assertIn(f"set aside as {aside[0]}", said[0]["reason"])


if __name__ == "__main__":
    unittest.main()
