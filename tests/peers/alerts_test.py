# Goal: the shipped alerts fire when something is wrong, and reach whoever Alertmanager tells; they end when it is over.
# Method: Prometheus scrapes real servers that have real trouble, with the rules of deploy/prometheus, and sends to
# Alertmanager, which calls a webhook of this test. Only times are shortened: what is awaited is seconds, not minutes.

import http.server
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from peers import (DEPLOY, Server, announce, documents_of, eventually, free_port, needs_program, needs_tool, tool,
                   version_of)

RANGE = "10s"  # in place of every range and every `for` that is longer

# What this test provokes, and with what.
EXPECTED = {
    "BeTraceBackendDown",              # one server is killed
    "BeTraceReplicaMissing",           # three are wanted, one is gone
    "BeTraceAuthInsecure",             # BETRACE_INSECURE
    "BeTraceSigningOff",               # no BETRACE_SIGNATURE_KEY
    "BeTraceCriticalViolationSpike",   # spans that violate a rule of that severity
    "BeTraceHighViolationRate",        # and many of them
    "BeTraceViolationsSuppressed",     # more than the rate of a rule
    "BeTraceRuleEvaluationErrors",     # a rule over its budget
    "BeTraceBlind",                    # which is one evaluation in hundred and more
    "BeTraceSpansDropped",             # a trace with more spans than it may have
    "BeTraceHTTPErrors",               # answers of 503
    "BeTraceUnauthorizedAccess",       # wrong keys
    "BeTraceFilesQuarantined",         # a damaged rule file
    "BeTraceExportParked",             # a backend that refuses what it gets
}
ENDS = {"BeTraceHTTPErrors", "BeTraceUnauthorizedAccess", "BeTraceCriticalViolationSpike"}


def shortened(text):
    """The rule file with its ranges and waits shortened, and nothing else."""
    text = re.sub(r"\[\d+[smh]\]", f"[{RANGE}]", text)
    return re.sub(r"(?m)^( +for:) [1-9]\d*m$", r"\1 1s", text)


class Webhook(http.server.BaseHTTPRequestHandler):
    """Keeps what Alertmanager tells, as [(status, alert)]; and refuses what is exported to it."""
    told = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_alert = self.path == "/alerts"
        if is_alert:
            self.told.extend((alert["status"], alert) for alert in json.loads(body)["alerts"])
        self.send_response(200 if is_alert else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def names(status):
    return {alert["labels"]["alertname"] for told, alert in list(Webhook.told) if told == status}


@needs_program()
@needs_tool("prometheus", "tools/setup --e2e")
@needs_tool("prometheus-alertmanager", "tools/setup --e2e")
class AlertsArriveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-alerts-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.webhook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        threading.Thread(target=cls.webhook.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.webhook.shutdown)
        cls.receiver = f"http://127.0.0.1:{cls.webhook.server_port}"
        cls.start_servers()
        cls.start_alertmanager()
        cls.start_prometheus()

    @classmethod
    def begin(cls, *command):
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)

    @classmethod
    def start_servers(cls):
        def start(name, environment):
            (cls.folder / name).mkdir()
            server = Server(cls.folder / name, environment)
            cls.addClassCleanup(server.process.kill)
            return server
        cls.busy = start("busy", {
            "BETRACE_INSECURE": "true", "BETRACE_TRACE_QUIET": "100ms", "BETRACE_LIMITS_RULE_STEPS": "4",
            "BETRACE_LIMITS_SSE_CLIENTS": "0", "BETRACE_LIMITS_TRACE_SPANS": "100", "BETRACE_VIOLATIONS_RULE_RATE": "150/300",
            "BETRACE_EVIDENCE_EMIT_SPANS": "false", "OTEL_BSP_SCHEDULE_DELAY": "100ms",
            "OTEL_EXPORTER_OTLP_ENDPOINT": cls.receiver, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
        cls.locked = start("locked", {"BETRACE_API_KEY": "0123456789-a-key-of-the-alerts", "BETRACE_LIMITS_AUTH_FAILURES": "0"})
        cls.dead = start("dead", {})
        cls.busy.add("slow", "span.duration > 1s", "CRITICAL")
        cls.busy.add("spoiled", "span.duration > 1d", "LOW")
        cls.busy.add("joined", 'span.name == "pay" and not trace.has(span.name == "book" and '
                               'span.attributes["order"] == anchor.attributes["order"])', "LOW")

    @classmethod
    def start_alertmanager(cls):
        port = free_port()
        configuration = cls.folder / "alertmanager.yaml"
        configuration.write_text(json.dumps({
            "route": {"receiver": "test", "group_by": ["alertname"], "group_wait": "100ms", "group_interval": "500ms"},
            "receivers": [{"name": "test", "webhook_configs": [{"url": f"{cls.receiver}/alerts", "send_resolved": True}]}]}))
        cls.alertmanager = f"127.0.0.1:{port}"
        cls.begin(tool("prometheus-alertmanager"), f"--config.file={configuration}", f"--storage.path={cls.folder}/alertmanager",
                  f"--web.listen-address={cls.alertmanager}", "--cluster.listen-address=")
        announce("Alertmanager", version_of(tool("prometheus-alertmanager")))

    @classmethod
    def start_prometheus(cls):
        rules = cls.folder / "alert-rules.yaml"
        rules.write_text(shortened((DEPLOY / "prometheus/alert-rules.yaml").read_text()))
        targets = [server.url.removeprefix("http://") for server in (cls.busy, cls.locked, cls.dead)]
        configuration = cls.folder / "prometheus.yaml"
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(rules), str(DEPLOY / "prometheus/replicas.yaml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [cls.alertmanager]}]}]},
            "scrape_configs": [{"job_name": "betrace-backend", "static_configs": [{"targets": targets}]}]}))
        cls.begin(tool("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={cls.folder}/tsdb",
                  f"--web.listen-address=127.0.0.1:{free_port()}", "--log.level=error", "--rules.alert.resend-delay=1s")
        announce("Prometheus", version_of(tool("prometheus")))

    def refused(self, server, path, code, headers=None):
        try:
            urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers or {})).close()
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, code)

    def trouble(self, number):
        """A good tenth of a second of it."""
        slow = [{"trace_id": f"slow-{number}-{index}", "span_id": "a", "name": "wait", "duration_ms": 2000}
                for index in range(60)]
        joined = [{"trace_id": f"joined-{number}", "span_id": f"s{index}", "name": "pay" if index % 2 else "book",
                   "duration_ms": 1, "attributes": {"order": str(index)}} for index in range(20)]
        crowd = [{"trace_id": "crowd", "span_id": f"{number}-{index}", "name": "step", "duration_ms": 1}
                 for index in range(120)]
        self.busy.change("POST", "/v1/spans", {"spans": slow + joined + crowd})
        for _ in range(3):
            self.refused(self.busy, "/v1/violations/stream", 503)
            self.refused(self.locked, "/v1/rules", 401, {"X-API-Key": "not-the-key-at-all"})
        time.sleep(0.1)

    def test_every_provoked_alert_arrives_with_its_runbook_and_ends_with_its_cause(self):
        shipped = {rule["alert"]: rule for group in documents_of(DEPLOY / "prometheus/alert-rules.yaml")[0]["groups"]
                   for rule in group["rules"]}
        self.assertLessEqual(EXPECTED, set(shipped))
        self.dead.process.kill()
        stored = self.folder / "busy/rules/spoiled.json"
        stored.write_text(stored.read_text().replace("1d", "2d"))  # its checksum is now wrong

        def provoke():
            provoke.number += 1
            self.trouble(provoke.number)
            return EXPECTED <= names("firing")
        provoke.number = 0
        try:
            eventually("all alerts", provoke)
        except AssertionError:
            self.fail(f"these did not arrive: {sorted(EXPECTED - names('firing'))}")
        print(f"\nPEER {len(names('firing'))} alerts arrived: {', '.join(sorted(names('firing')))}", flush=True)

        for _, alert in Webhook.told:
            name = alert["labels"]["alertname"]
            self.assertEqual(alert["labels"]["severity"], shipped[name]["labels"]["severity"])
            self.assertEqual(alert["annotations"]["runbook_url"], shipped[name]["annotations"]["runbook_url"])
        eventually("the end of what is over", lambda: ENDS <= names("resolved"))


if __name__ == "__main__":
    unittest.main()
