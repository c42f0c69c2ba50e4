"""What is measured: a server with the ten rules, started anew for each run, and what it says of itself."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from rules import RULES, betrace_rules, policies

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
BETRACE = PROJECT / "build/betrace"
COLLECTOR = PROJECT / "build/tools/bin/otelcol"
START_SECONDS_MAX = 60
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


class System:
    """One process on one set of cores. Ends with close()."""

    def __init__(self, command, cores, probe):
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self.wait_for(lambda: fetch(probe))
        self.wait_for(lambda: socket.create_connection(("127.0.0.1", self.otlp_port)).close())

    def wait_for(self, attempt):
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return attempt()
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_megabytes_max(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def metric(self, name, **labels):
        """The sum over all series that have these labels."""
        total = 0.0
        for line in fetch(self.metrics_url).splitlines():
            found = re.match(rf"{name}(?:_total)?(?:{{(.*)}})? (\S+)$", line)
            if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
                total += float(found[2])
        return total

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class BeTrace(System):
    name = "BeTrace"

    def __init__(self, window, cores):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-beside-"))
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        self.otlp_port = port
        self.metrics_url = f"{self.api}/metrics"
        (self.folder / "rules.json").write_text(json.dumps(betrace_rules()))
        super().__init__([BETRACE, "serve", "--http-port", str(port), "--otlp-http-port", "0", "--otlp-grpc-port", "0",
                          "--storage-path", self.folder / "rules", "--rules-bootstrap-file", self.folder / "rules.json",
                          "--trace-quiet", f"{window}s", "--violations-rule-rate", "0", "--violations-total-rate", "0"],
                         cores, f"{self.api}/ready")

    def decided(self, load):
        return (self.metric("betrace_spans_ingested") == load.spans and self.metric("betrace_traces_open") == 0
                and self.metric("betrace_log_pending") == 0)

    def wrong(self, load):
        """How many pairs of rule and trace are missing or too many."""
        found, cursor = [], ""
        while cursor is not None:
            page = json.loads(fetch(f"{self.api}/v1/violations?limit=1000{cursor}"))
            found += [(row["rule_id"], row["trace_id"]) for row in page["violations"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        return len(set(found) ^ load.expected) + len(found) - len(set(found))


class Collector(System):
    name = "Collector, tail sampling"
    processors = ("tail_sampling",)

    def __init__(self, window, cores):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-beside-"))
        self.otlp_port, metrics_port = free_port(), free_port()
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
        (self.folder / "config.yaml").write_text(json.dumps(self.configuration(window, metrics_port)))
        super().__init__([COLLECTOR, "--config", self.folder / "config.yaml"], cores, self.metrics_url)

    def configuration(self, window, metrics_port):
        prometheus = {"host": "127.0.0.1", "port": metrics_port, "without_scope_info": True}
        sampling = {"decision_wait": f"{window}s", "num_traces": 5_000_000, "expected_new_traces_per_sec": 10_000,
                    "policies": policies()}
        return {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{self.otlp_port}"}}}},
            "processors": {"tail_sampling": sampling} if self.processors else {},
            "exporters": {"counting": {}},
            "service": {
                "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": prometheus}}}]}},
                "pipelines": {"traces": {"receivers": ["otlp"], "processors": list(self.processors),
                                         "exporters": ["counting"]}}}}

    def judged(self, **labels):
        return self.metric("otelcol_processor_tail_sampling_count_traces_sampled", **labels)

    def decided(self, load):
        return (self.metric("otelcol_receiver_accepted_spans") == load.spans
                and all(self.judged(policy=rule) == load.traces for rule in RULES))

    def wrong(self, load):
        """How far the counts of the policies, and of spans at the sink, are off."""
        off = sum(abs(self.judged(policy=rule, sampled="true") - sum(row[0] == rule for row in load.expected)) for rule in RULES)
        sent = self.metric("otelcol_exporter_sent_spans")
        return int(off + abs(sent / (load.spans / load.traces) - len({trace for _, trace in load.expected})))


class BareCollector(Collector):
    name = "Collector, no processor"
    processors = ()

    def decided(self, load):
        return self.metric("otelcol_exporter_sent_spans") == load.spans

    def wrong(self, load):
        return 0
