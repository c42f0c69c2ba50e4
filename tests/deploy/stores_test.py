# Goal: the stores of every released version are read, gone on with in a form that their version reads too, and left
# alone where they are newer than the program.
# Method: tests/stores has them as texts; each is laid as its server left it. What a later version would write is
# made by changing the marks of formats.

import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from documents import PROGRAM, PROJECT, needs_program
from scripts_test import Server, clean_environment, free_port

sys.path.append(str(PROJECT / "tests/stores"))

import stores  # noqa: E402

RELEASED = sorted(folder for folder in (PROJECT / "tests/stores").iterdir() if (folder / "log.sql").exists())
EXIT_NEWER_FORMAT = 78


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name not in ("LOCK", "rules.lock", f"{stores.LOG}-shm")}


def wait_for_json(server, path, wanted):
    for _ in range(600):
        found = server.ask(path)
        if wanted(found):
            return found
        subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError(f"not seen: {path}: {found}")


class Store:
    """A store of a released version, laid into a folder of its own."""

    def __init__(self, case, folder, log_version=None):
        self.released = folder
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-store-"))
        case.addCleanup(shutil.rmtree, self.folder)
        self.rules = self.folder / "rules"
        self.log = self.rules / ".betrace" / stores.LOG
        stores.restore(folder, self.rules, log_version)

    def serve(self, case):
        server = Server(self.folder, {"BETRACE_TRACE_QUIET": "100ms"})
        case.addCleanup(server.process.kill)
        return server

    def change_rule(self, old, new):
        path = self.rules / "slow.json"
        path.write_text(path.read_text().replace(old, new))

    def verify(self, case):
        """The verdict of an auditor who trusts the keys that the log names."""
        def said(*flags):
            return subprocess.run([PROGRAM, "evidence", "verify", self.log.parent, *flags], capture_output=True, text=True,
                                  env=clean_environment()).stdout
        trusted = re.findall(r"(?m)^key: .*sha256:([0-9a-f]{64})$", said())
        case.assertTrue(trusted)
        return said(*(flag for key in trusted for flag in ("--trust", key)))

    def form(self, name):
        """Names of all members in a rule file, and its format."""
        file = json.loads((self.rules / name).read_text())
        return file["format"], sorted(file), sorted(file["rule"])


@needs_program()
class StoresTest(unittest.TestCase):
    def each(self, log_version=None):
        self.assertTrue(RELEASED)
        return [Store(self, folder, log_version) for folder in RELEASED]

    def refused(self, store):
        """The program does not start on it, says why and what to do, and leaves every byte as it was."""
        before = files_of(store.rules)
        done = subprocess.run([PROGRAM, "serve", "--http-port", str(free_port()), "--otlp-http-port", "0", "--otlp-grpc-port", "0",
                               "--storage-path", store.rules], capture_output=True, text=True, env=clean_environment())
        self.assertEqual(done.returncode, EXIT_NEWER_FORMAT, done.stderr)
        self.assertIn("run the version that wrote it", done.stderr)
        after = files_of(store.rules)
        self.assertEqual([str(name) for name in before | after if before.get(name) != after.get(name)], [])
        return done.stderr

    def test_every_rule_and_violation_of_every_released_version_is_there(self):
        for store in self.each():
            files = [json.loads(path.read_text()) for path in sorted(store.rules.glob("*.json"))]
            server = store.serve(self)
            rules = {rule["id"]: rule for rule in server.rules()}
            for file in files:
                if "deleted_at" in file:
                    self.assertNotIn(file["rule"]["id"], rules)
                else:
                    self.assertEqual(rules[file["rule"]["id"]], rules[file["rule"]["id"]] | file["rule"])
            self.assertEqual({rule["state"] for rule in rules.values()}, {"active"})
            self.assertIn("admin-access", rules)
            listed = server.ask("/v1/violations")["violations"]
            self.assertEqual({row["rule_id"] for row in listed}, {"slow", "unchecked-payment", "admin-access"})
            for row in listed:
                self.assertEqual(len(server.ask(f"/v1/violations/{row['id']}")["witnesses"]), 1)
            server.change("POST", "/v1/rules/gone/undelete")
            server.stop()
            said = store.verify(self)
            self.assertIn("result: valid\n", said)
            self.assertNotRegex(said, r"(?m)^  gap: ")

    def test_what_is_written_into_an_old_store_has_the_form_that_its_version_reads(self):
        for store in self.each():
            rule, tombstone = store.form("slow.json"), store.form("gone.json")
            server = store.serve(self)
            server.change("PATCH", "/v1/rules/slow", {"severity": "LOW"})
            server.add("added", "span.duration > 3s")
            server.change("DELETE", "/v1/rules/unchecked-payment")
            server.change("POST", "/v1/spans", {"spans": [{"trace_id": "new", "span_id": "a", "name": "pay", "duration_ms": 9000}]})
            wait_for_json(server, "/v1/violations?rule_id=added", lambda found: found["total"] == 1)
            server.stop()
            self.assertEqual((store.form("slow.json"), store.form("added.json")), (rule, rule))
            self.assertEqual(store.form("unchecked-payment.json"), tombstone)
            with sqlite3.connect(store.log) as database:
                written = set(database.execute("SELECT sql FROM sqlite_schema"))
            database.close()
            with sqlite3.connect(":memory:") as database:
                database.executescript((store.released / "log.sql").read_text())
                self.assertEqual(written, set(database.execute("SELECT sql FROM sqlite_schema")))
            database.close()

    def test_a_log_of_a_later_minor_version_is_read_and_not_appended_to(self):
        for store in self.each(log_version=101):
            server = store.serve(self)
            self.assertEqual(server.ask("/v1/violations")["total"], 3)
            server.stop()
            self.assertTrue(store.log.with_name("log-000002.db").exists())
            self.assertIn("result: valid\n", store.verify(self))

    def test_a_log_of_a_later_major_version_is_refused_untouched(self):
        for store in self.each(log_version=200):
            self.assertIn("violation log", self.refused(store))

    def test_a_rule_file_of_a_later_format_is_refused_untouched_and_taken_again_once_it_is_put_back(self):
        for store in self.each():
            store.change_rule('"format": 1', '"format": 2')
            self.assertIn("slow.json", self.refused(store))
            store.change_rule('"format": 2', '"format": 1')
            self.assertIn("slow", [rule["id"] for rule in store.serve(self).rules()])


if __name__ == "__main__":
    unittest.main()
