"""`betrace bench` alone starts a server, loads it, and finds every verdict right."""

import json
import pathlib
import subprocess
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = PROJECT / "build" / "betrace"


@unittest.skipIf(not PROGRAM.exists(), "build/betrace is not built")
class BenchTest(unittest.TestCase):
    def bench(self, *flags):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bench.json")
            run = subprocess.run(
                [PROGRAM, "bench", "--interleave", "300", "--warmup", "500ms", "--repeat", "1",
                 "--violations", "0.1", "--json", path, *flags],
                capture_output=True, text=True, timeout=120)
            return run, json.loads(path.read_text()) if path.exists() else None

    def check(self, run, report):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertTrue(report["valid"])
        for repeat in report["repeats"]:
            self.assertEqual(repeat["sent"], repeat["accepted"] + repeat["refused"])
            self.assertEqual(repeat["received"], repeat["accepted"])
            self.assertEqual(repeat["ingested"], repeat["received"])
            self.assertEqual(repeat["violations_found"], repeat["violations_expected"])
            self.assertGreaterEqual(repeat["violations_expected"], 30)

    def test_two_seconds_against_its_own_server_are_right(self):
        run, report = self.bench("--serve", "--duration", "2s")
        self.check(run, report)
        self.assertGreater(report["summary"]["spans_per_second"]["median"], 0)
        self.assertGreater(report["summary"]["server_cpu_seconds_per_million_spans"]["median"], 0)
        self.assertEqual(report["load"]["rules"], 50)
        self.assertEqual(run.stderr, "", "no progress outside a terminal")

    def test_calls_of_grpc_to_its_own_server_are_right(self):
        run, report = self.bench("--target", "grpc://", "--duration", "500ms")
        self.check(run, report)
        self.assertEqual(report["load"]["door"], "grpc")

    def test_verdicts_are_timed_from_the_span_that_decides_them(self):
        run, report = self.bench("--verdict-delay", "--open", "5000/s", "--spans-per-request", "20",
                                 "--duration", "2s")
        self.check(run, report)
        repeat = report["repeats"][0]
        for delays in (repeat["after_span"], repeat["after_close"], repeat["verdict_after_close"]):
            self.assertGreater(delays["count"], 5)
            self.assertGreater(delays["p50_ms"], 0)
            self.assertLess(delays["p50_ms"], 1000)
            self.assertGreaterEqual(delays["p999_ms"], delays["p50_ms"])
        self.assertLessEqual(repeat["verdict_after_close"]["p50_ms"], repeat["after_close"]["p50_ms"])

    def test_traces_are_held_open_to_the_end(self):
        run, report = self.bench("--hold", "1000")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        [repeat] = report["repeats"]  # noisy or not: held traces are there until the server ends
        self.assertGreaterEqual(repeat["traces_open"], 1000)
        self.assertEqual(repeat["traces_open"] * 20, repeat["ingested"])
        self.assertGreater(repeat["resident_growth_megabytes"], 0)

    def test_a_server_of_its_own_takes_further_flags(self):
        run, report = self.bench("--server-flag=--trace-quiet=700ms", "--server-flag=--workers=1",
                                 "--duration", "100ms")
        self.check(run, report)
        self.assertEqual(report["load"]["server_flags"], ["--trace-quiet=700ms", "--workers=1"])

    def test_the_server_is_gone_afterwards(self):
        before = set(pathlib.Path(tempfile.gettempdir()).glob("betrace-bench-*"))
        run, report = self.bench("--duration", "100ms", "--rules-count", "10", "--shape", "3a")
        self.check(run, report)
        self.assertEqual(set(pathlib.Path(tempfile.gettempdir()).glob("betrace-bench-*")) - before,
                         set())

    def test_rules_can_be_printed_for_a_server_elsewhere(self):
        run = subprocess.run([PROGRAM, "bench", "--print-rules", "--rules-count", "7"],
                             capture_output=True, text=True, check=True, timeout=60)
        self.assertEqual(len(json.loads(run.stdout)["rules"]), 7)


if __name__ == "__main__":
    unittest.main()
