# Goal: what is measured beside the Collector's tail sampling is what it says: ten rules, each broken and each nearly so,
# with known verdicts; and a wrong verdict makes a run invalid.
# Method: a small load on a real server, with a short window; of the Collector too, where it could be had.

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = PROJECT / "bench/tail_sampling"
sys.path.append(str(FOLDER))

import systems  # noqa: E402
from traffic import Load  # noqa: E402
from rules import BROKEN, NEARLY_BROKEN, RULES  # noqa: E402

SPANS = 40_000
SEED = int(os.environ.get("BETRACE_SEED", "1"))


def runner():
    loader = importlib.machinery.SourceFileLoader("run_tail_sampling", str(FOLDER / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class RulesTest(unittest.TestCase):
    def test_every_rule_is_broken_by_something_and_every_edit_has_its_near_miss(self):
        self.assertEqual(set().union(*(rules for _, rules in BROKEN)), set(RULES))
        self.assertEqual((len(RULES), len(BROKEN)), (10, len(NEARLY_BROKEN)))


class TailSamplingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.load = Load(SPANS, SEED)

    def measure(self, kind):
        return runner().measure(kind, self.load, 1, 2, os.sched_getaffinity(0))

    @unittest.skipUnless(systems.BETRACE.exists(), "SKIPPED: there is no build/betrace; run make build")
    def test_betrace_decides_what_is_known_and_a_wrong_expectation_is_noticed(self):
        self.assertGreater(len(self.load.expected), 8)
        run = self.measure(systems.BeTrace)
        self.assertEqual((run["wrong"], run["refused"]), (0, 0), f"seed {SEED}: {json.dumps(run)}")
        self.load.expected.add(("slow", "0" * 32))
        self.addCleanup(self.load.expected.discard, ("slow", "0" * 32))
        self.assertEqual(self.measure(systems.BeTrace)["wrong"], 1)

    @unittest.skipUnless(systems.COLLECTOR.exists(), "SKIPPED: OpenTelemetry Collector is not installed (tools/setup --e2e)")
    def test_the_collector_decides_the_same(self):
        run = self.measure(systems.Collector)
        self.assertEqual((run["wrong"], run["refused"]), (0, 0), f"seed {SEED}: {json.dumps(run)}")


if __name__ == "__main__":
    unittest.main()
