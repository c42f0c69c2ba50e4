# Goal: a real tracing backend takes violations over both protocols and shows them in the trace that they are about.
# Method: Jaeger as its module has it, with traces in memory.

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from peers import PYTHON_SDK, Judge, announce, eventually, free_port, needs_program, needs_tool, tool


@needs_program()
@needs_tool("jaeger", "needs Go; tools/setup --e2e")
class JaegerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.grpc, cls.http, cls.query, query_grpc = (free_port() for _ in range(4))
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-jaeger-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        address = "127.0.0.1:{}".format
        (folder / "config.yaml").write_text(json.dumps({
            "extensions": {
                "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 1000}}}},
                "jaeger_query": {"storage": {"traces": "memory"}, "http": {"endpoint": address(cls.query)},
                                 "grpc": {"endpoint": address(query_grpc)}}},
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": address(cls.grpc)}, "http": {"endpoint": address(cls.http)}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
            "service": {"extensions": ["jaeger_storage", "jaeger_query"],
                        "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}}}}))
        process = subprocess.Popen([tool("jaeger"), "--config", folder / "config.yaml"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        eventually("Jaeger", lambda: cls.ask("/api/services") is not None)
        module = (pathlib.Path(__file__).parent / "jaeger/go.mod").read_text()
        announce("Jaeger", next(line.split()[1] for line in module.splitlines() if "jaegertracing/jaeger " in line))

    @classmethod
    def ask(cls, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{cls.query}{path}") as answer:
                return json.load(answer)["data"] or []
        except (urllib.error.URLError, ConnectionError):
            return None

    def violation_in(self, trace):
        for each in self.ask(f"/api/traces/{trace}") or []:
            for span in each["spans"]:
                if span["operationName"] == "betrace.violation":
                    return span
        return None

    @PYTHON_SDK.needed()
    def test_violations_stand_below_the_span_that_proves_them(self):
        for protocol, port in (("grpc", self.grpc), ("http/protobuf", self.http)):
            with self.subTest(protocol=protocol):
                judge = Judge(type(self), {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
                                           "OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
                ids = PYTHON_SDK.send_checkout("grpc", judge.grpc)
                span = eventually("the violation", lambda: self.violation_in(ids["trace"]))
                tags = {tag["key"]: tag["value"] for tag in span["tags"]}
                self.assertEqual((tags["betrace.violation.rule_id"], tags["betrace.violation.severity"]),
                                 ("large-payment", "CRITICAL"))
                self.assertIn((ids["trace"], ids["charge"]), [(row["traceID"], row["spanID"]) for row in span["references"]])


if __name__ == "__main__":
    unittest.main()
