"""tools/bench names the ratio that is not kept and the stage that grew, and nothing else."""

import contextlib
import io
import json
import pathlib
import tempfile
import types
import unittest

from load import load_tool

bench = load_tool("bench")

AT_MOST = [("a: time of b", bench.time_of("a"), [bench.time_of("b")], None, 2.0)]
AT_LEAST = [("a: rate of b", bench.rate_of("a"), [bench.rate_of("b")], 0.5, None)]


def verdict(checks, *repeats):
    return bench.evaluate(list(repeats), checks)[0]["verdict"]


class ChecksTest(unittest.TestCase):
    def test_a_ratio_at_its_bound_is_kept_and_beyond_it_fails(self):
        self.assertEqual(verdict(AT_MOST, {"a": 20, "b": 10}), "kept")
        self.assertEqual(verdict(AT_MOST, {"a": 20.1, "b": 10}), "FAILED")
        self.assertEqual(verdict(AT_LEAST, {"a": 20, "b": 10}), "kept")
        self.assertEqual(verdict(AT_LEAST, {"a": 20.1, "b": 10}), "FAILED")

    def test_each_repeat_is_compared_with_itself_and_the_median_decides(self):
        slow_machine = {"a": 190, "b": 100}
        self.assertEqual(verdict(AT_MOST, {"a": 19, "b": 10}, slow_machine, {"a": 99, "b": 10}),
                         "kept")
        self.assertEqual(verdict(AT_MOST, {"a": 21, "b": 10}, slow_machine, {"a": 99, "b": 10}),
                         "FAILED")

    def test_the_ratio_of_each_repeat_is_told(self):
        rows = bench.evaluate([{"a": 10, "b": 10}, {"a": 30, "b": 10}, {"a": 30}], AT_MOST)
        self.assertEqual(rows[0]["ratios"], [1, 3])

    def test_a_number_that_is_missing_or_invalid_is_not_kept(self):
        self.assertEqual(verdict(AT_MOST, {"a": 20}), "not run")
        self.assertEqual(verdict(AT_MOST, {"a": None, "b": 10}), "not run")

    def test_baselines_are_added_up(self):
        checks = [("a: time of b + c", bench.time_of("a"),
                   [bench.time_of("b"), bench.time_of("c")], None, 1.0)]
        self.assertEqual(verdict(checks, {"a": 30, "b": 10, "c": 20}), "kept")
        self.assertEqual(verdict(checks, {"a": 31, "b": 10, "c": 20}), "FAILED")

    def test_every_check_has_one_bound_and_a_text_of_its_own(self):
        self.assertEqual(len({check[0] for check in bench.CHECKS}), len(bench.CHECKS))
        for _, _, baselines, least, most in bench.CHECKS:
            self.assertNotEqual(least is None, most is None)
            self.assertTrue(baselines)


class MicroTest(unittest.TestCase):
    def test_of_several_turns_the_lower_quartile_counts_and_never_the_best(self):
        self.assertEqual(bench.quieter([30, 10, 31, 20, 32, 33, 34]), 20)
        self.assertEqual(bench.quieter([30, 10, 20]), 20)
        self.assertEqual(bench.quieter([30, 10]), 30)
        self.assertEqual(bench.quieter([30]), 30)

    def test_a_benchmark_that_failed_in_one_turn_has_no_time(self):
        self.assertIsNone(bench.quieter([30, None, 20]))

    def test_what_a_check_compares_runs_in_turns_unless_it_is_a_load(self):
        names = bench.compared_micro()
        self.assertIn("protobuf/10a", names)
        self.assertIn("pipeline/50/recorded/process_time", names)
        self.assertNotIn("http/50", names)


class LoadsTest(unittest.TestCase):
    REPORT = {"valid": True, "repeats": [{
        "server_cpu_seconds_per_million_spans": 1.5, "spans_per_second": 1000, "p99_ms": 2,
        "resident_growth_megabytes": 2, "traces_open": 1000, "problems": [],
        "after_close": {"count": 3, "p99_ms": 12.5}}]}

    def test_a_number_of_a_load_is_found_by_its_name(self):
        numbers = bench.load_numbers("x", self.REPORT)
        self.assertEqual(numbers["x"], 1500)
        self.assertEqual(numbers["x p99_ms"], 2)
        self.assertEqual(numbers["x after_close.p99_ms"], 12.5)
        self.assertEqual(numbers["x bytes_per_open_trace"], 2000)
        self.assertEqual(bench.measured_value(*bench.number_of("x", "p99_ms"), numbers), 2)

    def test_a_load_that_is_not_valid_has_no_number(self):
        self.assertEqual(bench.load_numbers("x", {"valid": False, "repeats": []}), {"x": None})

    def test_an_open_loop_offers_a_share_of_what_was_measured_and_nothing_without_it(self):
        half = bench.at_share(0.5, "--discard")
        self.assertEqual(half({"http/50 spans_per_second": 1000}), ["--open", "500/s", "--discard"])
        self.assertIsNone(half({"http/50": None}))
        same = bench.at_share(1, of="http/50/gzip")
        self.assertEqual(same({"http/50/gzip spans_per_second": 70}), ["--open", "70/s"])
        self.assertIsNone(same({"http/50 spans_per_second": 1000}))

    def test_every_number_that_a_check_asks_of_a_load_is_of_one_that_runs(self):
        names = {load.name for load in bench.LOADS}
        self.assertEqual(len(names), len(bench.LOADS))
        names.add("pipeline")  # its allocations
        for _, measured, baselines, _, _ in bench.CHECKS:
            for kind, name in (measured, *baselines):
                if kind == "number":
                    self.assertIn(name.rsplit(" ", 1)[0], names)

    def test_a_constant_is_a_baseline(self):
        checks = [("a", bench.number_of("a", "b"), [bench.constant(10)], None, 3)]
        self.assertEqual(verdict(checks, {"a b": 30}), "kept")
        self.assertEqual(verdict(checks, {"a b": 31}), "FAILED")

    def test_nothing_at_all_is_a_number_and_no_baseline(self):
        checks = [("a", bench.number_of("a", "b"), [bench.number_of("a", "c")], None, 1)]
        self.assertEqual(verdict(checks, {"a b": 0, "a c": 1}), "kept")
        self.assertEqual(verdict(checks, {"a b": 1, "a c": 0}), "not run")


class CheckTest(unittest.TestCase):
    """`--check` on programs that only claim to have run."""

    def outcome(self, check, program, report):
        with tempfile.TemporaryDirectory() as build:
            path = pathlib.Path(build, program)
            # The report goes to the file that --benchmark_out= or --json names.
            path.write_text("#!/bin/sh\n"
                            "for a in \"$@\"; do case $a in --benchmark_out=*) o=${a#*=};; esac\n"
                            "[ \"$last\" = --json ] && o=$a; last=$a; done\n"
                            f"cat > \"$o\" <<'END'\n{json.dumps(report)}\nEND\n")
            path.chmod(0o700)
            options = types.SimpleNamespace(build=build, check=check)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                return bench.check_once(options)

    def test_one_wrong_answer_of_a_micro_benchmark_fails(self):
        right = {"name": "a", "run_name": "a", "run_type": "iteration", "items_per_second": 5}
        wrong = {"name": "b", "run_name": "b", "run_type": "iteration", "error_occurred": True,
                 "error_message": "wrong size"}
        self.assertEqual(self.outcome("micro", "micro_bench", {"benchmarks": [right]}), 0)
        self.assertEqual(self.outcome("micro", "micro_bench", {"benchmarks": [right, wrong]}), 1)

    def test_a_load_run_that_is_not_valid_fails(self):
        for check in ("http", "json", "grpc"):
            self.assertEqual(self.outcome(check, "betrace", {"valid": True, "repeats": []}), 0)
            self.assertEqual(self.outcome(check, "betrace", {"valid": False, "repeats": []}), 1)


class InstructionsTest(unittest.TestCase):
    def verdict(self, count, committed):
        return bench.compare_counts({"walk": count}, committed)[0]["verdict"]

    def test_growth_beyond_three_percent_fails(self):
        self.assertEqual(self.verdict(1_030_000, {"walk": 1_000_000}), "kept")
        self.assertEqual(self.verdict(1_030_001, {"walk": 1_000_000}), "FAILED")
        self.assertEqual(self.verdict(500_000, {"walk": 1_000_000}), "kept")

    def test_a_stage_without_a_committed_count_is_new(self):
        self.assertEqual(self.verdict(1, {}), "new")
        self.assertEqual(self.verdict(1, {"walk": 0}), "FAILED")
        self.assertEqual(self.verdict(0, {"walk": 0}), "kept")

    def test_every_stage_has_a_committed_count(self):
        for committed in bench.committed_counts():
            self.assertEqual(set(committed), set(bench.STAGES))


if __name__ == "__main__":
    unittest.main()
