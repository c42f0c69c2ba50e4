# Goal: the queries of the guide, the dashboards and the recording rules give numbers on a process that works.
# Method: a real Prometheus scrapes a real server that has judged a known load, and is asked each of them.

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from documents import DEPLOY, PROJECT, documents_of, needs_program, needs_tool, tool
from pages_test import blocks
from scripts_test import Server, free_port
from watching_test import panels

SECONDS_MAX = 60
SPANS, SLOW = 40, 15
# What does not happen in this load: ratios, answers of 5xx, gRPC calls, and what is asked for only above 0.
QUIET = ("/", "> 0", "topk", "5..", "grpc")


class Prometheus:
    def __init__(self, folder, server):
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        configuration = folder / "prometheus.yaml"
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "250ms", "evaluation_interval": "250ms"},
            "rule_files": [str(DEPLOY / "prometheus/recording-rules.yaml")],
            "scrape_configs": [{"job_name": "betrace-backend",
                                "static_configs": [{"targets": [server.url.removeprefix("http://")]}]}]}))
        self.process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"])

    def ask(self, expression):
        """The samples of an instant query: [(labels, number)]."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}") as answer:
            return [(row["metric"], float(row["value"][1])) for row in json.load(answer)["data"]["result"]]

    def until(self, expression, wanted):
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            try:
                if [number for _, number in self.ask(expression)] == [wanted]:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} did not become {wanted}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(SECONDS_MAX)


def spans():
    return {"spans": [{"trace_id": f"trace-{number}", "span_id": f"span-{number}", "name": "pay", "service": "shop",
                       "start_time": "2026-01-31T10:00:00Z", "duration_ms": 2000 if number < SLOW else 5}
                      for number in range(SPANS)]}


@needs_program()
@needs_tool("prometheus", "tools/setup --ci")
class QueryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-queries-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.server = Server(folder, {"BETRACE_TRACE_QUIET": "100ms", "BETRACE_TRACE_IDLE": "500ms"})
        cls.addClassCleanup(cls.server.stop)
        cls.server.add("slow", "span.duration > 1s", "CRITICAL")
        cls.prometheus = Prometheus(folder, cls.server)
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.until("count(count_over_time(betrace_build_info[1m]) >= 2)", 1)
        cls.server.change("POST", "/v1/spans", spans())
        cls.prometheus.until("sum(betrace_traces_closed_total)", SPANS)

    def number(self, expression):
        return [number for _, number in self.prometheus.ask(expression)]

    def test_counters_are_what_was_sent_and_judged(self):
        job = 'job="betrace-backend"'
        self.assertEqual(self.number(f"sum(betrace_spans_ingested_total{{{job}}})"), [SPANS])
        self.assertEqual(self.number(f"sum(betrace_violations_total{{{job}}})"), [SLOW])
        self.assertEqual(self.number(f"sum(betrace_rule_evaluations_total{{{job}}})"), [SPANS])
        self.assertEqual(self.number(f"max(betrace_blind_ratio{{{job}}})"), [0])

    def test_severities_are_written_as_alerts_and_dashboards_ask_for_them(self):
        labels = self.prometheus.ask("betrace_violations_total")[0][0]
        self.assertEqual((labels["severity"], labels["rule_id"], labels["job"]), ("CRITICAL", "slow", "betrace-backend"))

    def test_every_query_of_the_guide_and_of_the_dashboards_gives_numbers(self):
        queries = [line for _, text in blocks("promql", [PROJECT / "docs/guide/watching.md"])
                   for line in text.splitlines()]
        queries += [target["expr"].replace("$__rate_interval", "1m").replace("$__range", "1m")
                    .replace("$job", "betrace-backend").replace("$instance", ".*") for _, _, target in panels()]
        self.assertGreater(len(queries), 60)
        for query in queries:
            answer = self.prometheus.ask(query)
            if not any(word in query for word in QUIET):
                self.assertNotEqual(answer, [], query)

    def test_every_recording_rule_gives_numbers(self):
        for group in documents_of(DEPLOY / "prometheus/recording-rules.yaml")[0]["groups"]:
            for rule in group["rules"]:
                self.assertNotEqual(self.prometheus.ask(rule["record"]), [], rule["record"])


@needs_program()
@needs_tool("prometheus", "tools/setup --ci")
class TroubleTest(unittest.TestCase):
    """The queries for trouble, asked of a process that has some."""

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-trouble-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.server = Server(folder, {
            "BETRACE_TRACE_QUIET": "100ms", "BETRACE_LIMITS_RULE_STEPS": "4", "BETRACE_LIMITS_SSE_CLIENTS": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"})
        cls.addClassCleanup(cls.server.process.kill)  # what is not exported would hold an orderly end
        cls.server.add("slow", "span.duration > 1s")
        cls.server.add("joined", 'span.name == "pay" and not trace.has(span.name == "book" and '
                                 'span.attributes["order"] == anchor.attributes["order"])')
        cls.prometheus = Prometheus(folder, cls.server)
        cls.addClassCleanup(cls.prometheus.stop)
        # Rates are of what changes between two looks: the series must be there before.
        for number in range(2):
            cls.provoke(number)
            cls.prometheus.until('sum(http_requests_total{status=~"5.."})', number + 1)
            cls.prometheus.until("sum(betrace_rule_evaluation_errors_total)", number + 1)
        cls.prometheus.until("count(rate(betrace_otlp_export_failures_total[1m]) > 0)", 1)

    @classmethod
    def provoke(cls, number):
        spans = [{"trace_id": f"joined-{number}", "span_id": f"span-{index}", "name": "pay" if index % 2 else "book",
                  "duration_ms": 2000, "attributes": {"order": str(index)}} for index in range(20)]
        cls.server.change("POST", "/v1/spans", {"spans": spans})
        try:
            cls.server.change("GET", "/v1/violations/stream")
        except urllib.error.HTTPError as error:
            assert error.code == 503, error

    def rate(self, query):
        """The one series of a query of the guide, which must be among those of the page."""
        page = (PROJECT / "docs/guide/watching.md").read_text()
        self.assertIn(query, page)
        return self.prometheus.ask(query)

    def test_an_answer_of_503_is_in_the_rate_of_5xx(self):
        query = 'rate(http_requests_total{job="betrace-backend",status=~"5.."}[5m])'
        [(labels, number)] = self.rate(query)
        self.assertEqual(labels["status"], "503")
        self.assertGreater(number, 0)

    def test_a_budget_that_is_spent_is_in_the_rate_of_evaluation_errors(self):
        [(labels, number)] = [row for row in self.rate('rate(betrace_rule_evaluation_errors_total{job="betrace-backend"}[5m])') if row[1] > 0]
        self.assertEqual((labels["rule_id"], labels["reason"]), ("joined", "budget"))

    def test_a_backend_that_is_away_is_in_the_rate_of_export_failures(self):
        self.assertTrue(any(number > 0 for _, number in self.rate('rate(betrace_otlp_export_failures_total{job="betrace-backend"}[5m])')))

    def test_the_processors_are_those_of_the_kernel(self):
        tick = 1 / os.sysconf("SC_CLK_TCK")  # the kernel's two numbers are whole ones of these, rounded down

        def of_kernel():
            fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) * tick
        before = of_kernel()
        with urllib.request.urlopen(f"{self.server.url}/metrics") as answer:
            said = float(re.search(r"^process_cpu_seconds_total (\S+)$", answer.read().decode(), re.M)[1])
        self.assertLessEqual(before - tick, said)
        self.assertLessEqual(said, of_kernel() + 3 * tick)
        self.assertGreater(said, 0)


if __name__ == "__main__":
    unittest.main()
