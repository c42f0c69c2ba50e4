# Goal: what the operator's pages tell people to type works, or at least names what is there.
# Method: queries are checked against the catalogue of metrics, kubectl against the manifests, paths against the
# project; commands that ask the API run against a real server with a rule and with a violation.

import base64
import json
import re
import shutil
import subprocess
import pathlib
import tempfile
import unittest

from documents import KUBERNETES, PROGRAM, PROJECT, documents_of, needs_program, needs_tool
from scripts_test import Server
from watching_test import problems_of

PAGES = [PROJECT / "docs/guide" / f"{name}.md" for name in
         ("operator-guide", "user-guide", "deployment", "watching", "disaster-recovery", "capacity", "troubleshooting")]
RUNBOOKS = sorted((PROJECT / "docs/runbooks").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Names on the pages that stand for the reader's own.
READERS_OWN = {"deployment": {"betrace-backend"}, "namespace": {"shop", "observability"}}


def blocks(language, pages):
    return [(page, text) for page in pages for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def commands(pages, program):
    """Every command that begins with the program, lines that are continued joined."""
    for page, text in blocks("bash", pages):
        for line in text.replace("\\\n", " ").splitlines():
            if line.strip().startswith(program + " "):
                yield page, line.strip()


class PagesTest(unittest.TestCase):
    def test_every_shell_example_can_be_parsed(self):
        for page, text in blocks("bash", PAGES + RUNBOOKS):
            done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
            self.assertEqual(done.stderr, "", page)

    def test_every_query_asks_for_metrics_that_there_are(self):
        found = blocks("promql", PAGES + RUNBOOKS)
        self.assertGreater(len(found), 20)
        for page, text in found:
            self.assertEqual(problems_of(text), [], page)
            for line in text.splitlines():
                self.assertEqual(line.count("("), line.count(")"), f"{page}: {line}")

    def test_every_path_of_the_project_is_there(self):
        for page in PAGES + RUNBOOKS:
            for path in re.findall(r"(?<![\w/.-])(?:deploy|docs|rules)/[\w./-]*[\w/]", page.read_text()):
                made_by_reader = path == "deploy/compose/.env"
                self.assertTrue(made_by_reader or (PROJECT / path).exists(), f"{page}: {path}")

    @needs_program()
    def test_every_command_of_betrace_is_one(self):
        known = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
        for page in PAGES + RUNBOOKS:
            for name in re.findall(r"(?:`|\n|-- |build/)betrace ([a-z]+)", page.read_text()):
                self.assertRegex(known, rf"(?m)^  {name} ", f"{page}: betrace {name}")

    def test_the_sizing_formula_leaves_room_and_one_for_a_failure(self):
        found = {}
        exec(blocks("python", PAGES)[0][1], found)
        replicas = found["replicas"]
        self.assertEqual(replicas(1_400_000, cpu_seconds_per_million=1, cores=2), 2)
        self.assertEqual(replicas(1_400_001, cpu_seconds_per_million=1, cores=2), 3)
        self.assertEqual(replicas(14_000_000, cpu_seconds_per_million=1, cores=2), 11)

    def test_the_examples_of_replicas_are_those_of_the_formula(self):
        found = {}
        exec(blocks("python", PAGES)[0][1], found)
        page = (PROJECT / "docs/guide/capacity.md").read_text()
        measured = float(re.search(r"^\| all on the keys .*\| ([\d.]+) \| [\d.]+ \|$", page, re.M)[1])
        rows = re.findall(r"^\| ([\d,]+000) \| (\d+) \| (\d+) \| ([\d,]+) \|$", page, re.M)
        self.assertEqual(len(rows), 4)
        for spans, two, eight, megabits in rows:
            count = int(spans.replace(",", ""))
            self.assertEqual((int(two), int(eight)), tuple(found["replicas"](count, measured, cores) for cores in (2, 8)))
            self.assertEqual(int(megabits.replace(",", "")), count * 454 * 8 // 1_000_000)

    def test_sizes_that_were_not_measured_are_marked_and_follow_from_one_that_was(self):
        page = (PROJECT / "docs/guide/capacity.md").read_text()
        rows = {size: (int(cores), seconds, rate) for size, cores, seconds, rate in re.findall(
            r"^\| (Small|Medium|Large|XLarge) \| (\d+) \|.*?\|.*?\| ([^|]+?) \| ([^|]+?) \|", page, re.M)}
        cores, seconds, rate = rows["Medium"]
        for size in ("Large", "XLarge"):
            spans = int(rate.replace(",", "")) * rows[size][0] // cores
            self.assertEqual(rows[size][1:], (f"{seconds} **extrapolated**", f"{spans:,} **extrapolated**"))
            self.assertRegex(page, rf"\b{spans * 454 * 8 // 1_000_000:,}\b.* Mbit/s come in")

    def test_every_setting_is_one(self):
        known = (PROJECT / "docs/guide/configuration.md").read_text()
        for page in PAGES + RUNBOOKS:
            for name in re.findall(r"\bBETRACE_[A-Z_]+\b", page.read_text()):
                self.assertIn(name.removesuffix("_FILE"), known, page)
            for name in re.findall(r"`((?:limits|log|export|trace|violations|evidence)\.[a-z_]+)`", page.read_text()):
                self.assertIn(f"`{name}`", known, page)


class KubectlTest(unittest.TestCase):
    def setUp(self):
        self.names = {}
        for thing in documents_of(KUBERNETES / "betrace", KUBERNETES / "jobs", KUBERNETES / "router",
                                  KUBERNETES / "options"):
            self.names.setdefault(thing["kind"].lower(), set()).add(thing["metadata"].get("name"))
        self.names["hpa"] = self.names["horizontalpodautoscaler"]

    def known(self, kind, name):
        return name in self.names.get(kind, set()) | READERS_OWN.get(kind, set())

    def test_every_object_that_is_named_is_one_of_the_manifests(self):
        count = 0
        for page, line in commands(PAGES + RUNBOOKS, "kubectl"):
            pairs = re.findall(r"\b(deployment|service|secret|hpa|cronjob)[/ ](?!generic|-)([a-z][a-z-]*)", line)
            pairs += [("namespace", name) for name in re.findall(r"(?:-n|namespace) ([a-z-]+)", line)]
            for kind, name in pairs:
                self.assertTrue(self.known(kind, name), f"{page}: {line}")
                count += 1
        self.assertGreater(count, 60)

    def test_the_container_and_the_labels_that_are_named_are_those_of_the_deployment(self):
        for page, line in commands(PAGES + RUNBOOKS, "kubectl"):
            for name in re.findall(r"(\S+)=betracehq/backend", line):
                self.assertEqual(name, "betrace-backend", page)
            for label in re.findall(r" -l (\w+=\S+)", line):
                self.assertEqual(label, "app=betrace-backend", page)

    def test_the_secrets_that_are_made_have_the_keys_that_pods_ask_for(self):
        text = (PROJECT / "docs/guide/deployment.md").read_text()
        for key in ("otel-endpoint", "signature-key", "api-key"):
            self.assertIn(f"--from-literal={key}=", text)


class CloudCommandsTest(unittest.TestCase):
    """The commands for the cloud, with a stub that keeps what it was asked."""

    def asked(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-cloud-"))
        self.addCleanup(shutil.rmtree, folder)
        stub = folder / "aws"
        stub.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> {folder}/asked\n")
        stub.chmod(0o755)
        for _, text in blocks("bash", [PROJECT / "docs/guide/deployment.md"]):
            if text.startswith("aws "):
                done = subprocess.run(["bash", "-euc", text], cwd=PROJECT, capture_output=True, text=True,
                                      env={"PATH": f"{folder}:/usr/bin:/bin"})
                self.assertEqual(done.returncode, 0, done.stderr)
        return (folder / "asked").read_text().splitlines()

    def test_secrets_groups_and_roles_that_are_made_are_those_of_the_task(self):
        asked = self.asked()
        task = json.loads((PROJECT / "deploy/ecs/task-definition.json").read_text())
        text = json.dumps(task)
        for line in asked:
            for path in re.findall(r"file://(\S+)", line):
                json.loads((PROJECT / path).read_text())
            name = re.search(r"--(?:log-group-name|name) (\S+)", line)
            if name:
                self.assertIn(name[1], text, line)
            role = re.search(r"--role-name (\S+)", line)
            if role:
                self.assertIn(f"role/{role[1]}", text, line)
        secrets = [line.split()[-1] for line in asked if "create-secret" in line]
        self.assertEqual([len(base64.b64decode(secret)) for secret in secrets], [32, 32])
        self.assertEqual(len(set(secrets)), 2)
        self.assertTrue(any("update-service" in line and "--desired-count 5" in line for line in asked))


@needs_program()
@needs_tool("jq", "tools/setup")
@needs_tool("curl", "tools/setup")
class RunbookCommandsTest(unittest.TestCase):
    def test_every_command_that_asks_the_api_succeeds(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-runbooks-"))
        self.addCleanup(shutil.rmtree, folder)
        server = Server(folder)
        self.addCleanup(server.stop)
        server.add("slow-request", "span.duration > 1s")
        server.change("POST", "/v1/spans", {"spans": [{
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "name": "pay",
            "start_time_unix_nano": "1769853600000000000", "end_time_unix_nano": "1769853602000000000"}]})
        head = f"set -euo pipefail\napi={server.url} auth='X-API-Key: none' rule=slow-request\n"
        count = 0
        for page, text in blocks("bash", RUNBOOKS):
            lines = [line for line in text.splitlines() if line.startswith(("curl ", "since="))]
            if not lines:
                continue
            done = subprocess.run(["bash", "-c", head + "\n".join(lines)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{page}: {lines}: {done.stderr}")
            count += len(lines)
        self.assertGreater(count, 20)


if __name__ == "__main__":
    unittest.main()
