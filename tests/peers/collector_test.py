# Goal: an OpenTelemetry Collector in front passes spans on over each form of OTLP, and bridges a restart; one
# behind reads the violations that are exported.
# Method: the Collector itself, built from its modules with the parts of collector/main.go, where Go can be had.
# What the one behind has read it tells as JSON.

import http.server
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from peers import PYTHON_SDK, Judge, announce, eventually, free_port, needs_program, needs_tool, tool, version_of


@needs_program()
@needs_tool("otelcol", "OpenTelemetry Collector: needs Go; tools/setup --e2e")
@PYTHON_SDK.needed()
class CollectorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        announce("OpenTelemetry Collector", version_of(tool("otelcol")))

    def start(self, exporter):
        """A Collector with this exporter; returns the addresses of its gRPC door and of its HTTP door."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-collector-"))
        self.addCleanup(shutil.rmtree, folder)
        ports = {"grpc": free_port(), "http": free_port()}
        (folder / "config.yaml").write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {name: {"endpoint": f"127.0.0.1:{port}"}
                                                 for name, port in ports.items()}}},
            "processors": {"batch": {"timeout": "50ms"}}, "exporters": exporter,
            "service": {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "processors": ["batch"],
                                                 "exporters": list(exporter)}}}}))
        process = subprocess.Popen([tool("otelcol"), "--config", folder / "config.yaml"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return [f"http://127.0.0.1:{port}" for port in ports.values()]

    def send(self, endpoint):
        def attempt():
            try:
                return PYTHON_SDK.send_checkout("grpc", endpoint)
            except AssertionError:
                return None
        return eventually("the Collector", attempt)

    def test_spans_come_through_over_each_form(self):
        judge = Judge(type(self))
        plain = {"tls": {"insecure": True}}
        for name, exporter in (
                ("grpc", {"otlp": {"endpoint": f"127.0.0.1:{judge.grpc_port}"} | plain}),
                ("http/protobuf", {"otlphttp": {"endpoint": judge.url} | plain}),
                ("http/json", {"otlphttp": {"endpoint": judge.url, "encoding": "json"} | plain})):
            with self.subTest(form=name):
                judge.check(self, self.send(self.start(exporter)[0]))

    def test_what_is_sent_while_it_restarts_is_judged_afterwards(self):
        judge = Judge(type(self))
        retry = {"initial_interval": "100ms", "max_interval": "500ms"}
        endpoint, _ = self.start({"otlp": {"endpoint": f"127.0.0.1:{judge.grpc_port}", "tls": {"insecure": True},
                                           "retry_on_failure": retry}})
        judge.check(self, self.send(endpoint))
        judge.server.process.send_signal(signal.SIGKILL)
        judge.server.process.wait()
        sent = [self.send(endpoint) for _ in range(3)]
        judge.start()
        for ids in sent:
            judge.check(self, ids)

    def test_violations_are_read_by_a_collector_over_both_protocols(self):
        spans = self.listen()
        doors = self.start({"otlphttp": {"endpoint": f"http://127.0.0.1:{spans.port}", "encoding": "json",
                                         "compression": "none"}})
        for protocol, door in zip(("grpc", "http/protobuf"), doors):
            with self.subTest(protocol=protocol):
                judge = Judge(type(self), {"OTEL_EXPORTER_OTLP_ENDPOINT": door, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
                ids = self.send(judge.grpc)
                listed = eventually("the violation", lambda: judge.ask(f"/v1/violations?trace_id={ids['trace']}")["violations"])
                span = eventually("its span", lambda: spans.of_violation(listed[0]["id"]))
                attributes = {each["key"]: each["value"] for each in span["attributes"]}
                self.assertEqual(span["name"], "betrace.violation")
                self.assertEqual(attributes["betrace.violation.rule_id"], {"stringValue": "large-payment"})
                self.assertIn((ids["trace"], ids["charge"]), [(link["traceId"], link["spanId"]) for link in span["links"]])

    def listen(self):
        spans = ToldSpans()
        self.addCleanup(spans.close)
        return spans


class ToldSpans:
    """An HTTP server that keeps the spans it is told of as OTLP/JSON."""

    def __init__(self):
        self.spans = []
        spans = self.spans

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                spans.extend(span for resource in told["resourceSpans"] for scope in resource["scopeSpans"]
                             for span in scope["spans"])
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of_violation(self, violation):
        wanted = {"key": "betrace.violation.id", "value": {"stringValue": violation}}
        return next((span for span in self.spans if wanted in span["attributes"]), None)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main()
