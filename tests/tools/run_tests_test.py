"""tools/run_tests counts what passed and what failed, and ends in the closing line."""

import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

from load import TOOLS, load_tool

run_tests = load_tool("run_tests")


def tool(*arguments):
    return subprocess.run([sys.executable, str(TOOLS / "run_tests"), *arguments], capture_output=True,
                          text=True, check=False)


class RunTestsTest(unittest.TestCase):
    def test_a_check_that_passes_counts_as_one(self):
        done = tool("--check", "true")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 0 failed")

    def test_a_check_that_fails_is_shown_and_fails_the_run(self):
        done = tool("--check", "true", "--check", "sh -c 'echo here is why; exit 3'")
        self.assertEqual(done.returncode, 1)
        self.assertIn("here is why", done.stdout)
        self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 1 failed")

    def test_what_was_skipped_who_was_there_and_what_was_timed_is_told_of_runs_that_pass(self):
        lines = (r"SKIP: no such thing\nPEER nginx 1.22\n# PEER in TAP\nok 3 - a name # SKIP no such peer\n"
                 r"TIMED a drill: 2 s\nnothing else\n")
        said = tool("--check", f"printf '{lines}'").stdout.splitlines()
        told = [line.strip() for line in said if line.startswith("     ")]
        self.assertEqual(told, ["PEER nginx 1.22", "PEER in TAP", "SKIP no such peer", "TIMED a drill: 2 s"])

    def test_a_program_that_dies_without_a_report_counts_as_failed(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "broken_test"
            program.write_text("#!/bin/sh\necho crashed\nexit 134\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            result = run_tests.run_gtest(program, 10)
        self.assertEqual((result.passed, result.failed), (0, 1))
        self.assertIn("crashed", result.output)

    def test_a_command_that_does_not_end_is_ended(self):
        self.assertEqual(run_tests.run_check("sleep 60", 0.2).failed, 1)

    def test_a_run_of_nothing_fails(self):
        self.assertEqual(tool().returncode, 1)

    def test_counts_of_several_runs_are_summed_up(self):
        with tempfile.TemporaryDirectory() as folder:
            counts = str(pathlib.Path(folder) / "counts.json")
            tool("--check", "true", "--counts", counts)
            tool("--check", "false", "--counts", counts)
            done = tool("--sum", counts)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 1 failed")


if __name__ == "__main__":
    unittest.main()
