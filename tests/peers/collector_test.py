# Goal: an OpenTelemetry Collector in front passes spans on over each form of OTLP, and bridges a restart.
# Method: the Collector itself, built from its modules with the parts of collector/main.go, where Go can be had.

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from peers import PYTHON, Judge, announce, eventually, free_port, needs_program, needs_tool, send_checkout, tool, version_of


@needs_program()
@needs_tool("otelcol", "OpenTelemetry Collector: needs Go; tools/setup --e2e")
@unittest.skipUnless(PYTHON.exists(), "SKIPPED: OpenTelemetry SDK for Python is not installed (tools/setup --e2e)")
class CollectorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        announce("OpenTelemetry Collector", version_of(tool("otelcol")))

    def start(self, judge, exporter):
        """A Collector with this exporter to BeTrace; returns the address of its gRPC door."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-collector-"))
        self.addCleanup(shutil.rmtree, folder)
        port = free_port()
        (folder / "config.yaml").write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
            "processors": {"batch": {"timeout": "50ms"}}, "exporters": exporter,
            "service": {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "processors": ["batch"],
                                                 "exporters": list(exporter)}}}}))
        process = subprocess.Popen([tool("otelcol"), "--config", folder / "config.yaml"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return f"http://127.0.0.1:{port}"

    def send(self, endpoint):
        def attempt():
            try:
                return send_checkout("grpc", endpoint)
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
                judge.check(self, self.send(self.start(judge, exporter)))

    def test_what_is_sent_while_it_restarts_is_judged_afterwards(self):
        judge = Judge(type(self))
        retry = {"initial_interval": "100ms", "max_interval": "500ms"}
        endpoint = self.start(judge, {"otlp": {"endpoint": f"127.0.0.1:{judge.grpc_port}", "tls": {"insecure": True},
                                               "retry_on_failure": retry}})
        judge.check(self, self.send(endpoint))
        judge.server.process.send_signal(signal.SIGKILL)
        judge.server.process.wait()
        sent = [self.send(endpoint) for _ in range(3)]
        judge.start()
        for ids in sent:
            judge.check(self, ids)


if __name__ == "__main__":
    unittest.main()
