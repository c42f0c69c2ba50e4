# Goal: the page of coverage has every row once, counts them right, and names only tests that exist.

import collections
import pathlib
import re
import subprocess
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = (PROJECT / "docs/guide/coverage.md").read_text()
ROWS = re.findall(r"^\| G-(\d{3}) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", PAGE, re.M)
LAST = 191


def tests_of_the_project():
    """Names of test classes and paths of files."""
    found = subprocess.run(["git", "-C", PROJECT, "grep", "-hoE", r"^class [A-Za-z]+Test\b|^TEST(_[FP])?\([A-Za-z]+"],
                           capture_output=True, text=True).stdout
    return set(re.findall(r"[A-Za-z]+$", found, re.M))


class CoveragePageTest(unittest.TestCase):
    def test_every_row_is_there_once_in_order(self):
        self.assertEqual([int(row[0]) for row in ROWS], list(range(1, LAST + 1)))

    def test_the_counts_are_those_of_the_rows(self):
        counts = {state: int(count) for state, count in
                  re.findall(r"^\| (done|part|open|n/a) \| (\d+) \|$", PAGE, re.M)}
        self.assertEqual(counts, collections.Counter(row[2] for row in ROWS))

    def test_what_is_done_is_shown_by_a_test_that_exists(self):
        known = tests_of_the_project()
        for number, _, state, proofs, _ in ROWS:
            names = re.findall(r"`([^`]+)`", proofs)
            self.assertTrue(names or state != "done", f"G-{number}")
            for name in names:
                self.assertTrue(name in known or (PROJECT / name).is_file(), f"G-{number}: {name}")


if __name__ == "__main__":
    unittest.main()
