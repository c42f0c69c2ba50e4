"""tools/torture counts what passed, failed and was skipped, and runs the proofs that guard main in two lanes."""

import contextlib
import io
import json
import os
import pathlib
import re
import tempfile
import unittest
import unittest.mock

from load import TOOLS, load_tool

torture = load_tool("torture")

PROJECT = TOOLS.parent


def a_run(script, title="a run", **environment):
    return (title, ["sh", "-c", script], PROJECT, environment)


def told(lanes, *arguments):
    """(exit code, output) of tools/torture --proofs if these are the lanes."""
    output = io.StringIO()
    with unittest.mock.patch.object(torture, "proofs", lambda: lanes), \
            unittest.mock.patch("sys.argv", ["torture", "--proofs", *arguments]), \
            contextlib.redirect_stdout(output):
        return torture.main(), output.getvalue()


class CountsTest(unittest.TestCase):
    def test_every_kind_of_output_is_counted(self):
        google = "[==========] 4 tests from 1 test suite ran. (3 ms total)\n[  FAILED  ] A.b (1 ms)\n[  SKIPPED ] A.c\n"
        for output, counts in [("# pass 3\n# fail 1\n# skipped 2\n", (3, 1, 2)),
                               ("5 passed, 1 failed, 2 skipped\n", (5, 1, 2)),
                               ("Ran 9 tests in 1.0s\n\nFAILED (failures=1, errors=2, skipped=3)\n", (3, 3, 3)),
                               (google, (2, 1, 1)), ("nothing\n", (0, 0, 0))]:
            self.assertEqual(torture.counts_of(output), counts, output)

    def test_an_end_that_the_counts_do_not_tell_has_failed(self):
        self.assertEqual(torture.judged((3, 0, 0), 134), (3, 1, 0))
        self.assertEqual(torture.judged((0, 0, 0), 0), (0, 1, 0))

    def test_what_was_only_skipped_has_not_failed(self):
        self.assertEqual(torture.judged((0, 0, 1), 0), (0, 0, 1))


class ProofsTest(unittest.TestCase):
    def test_lanes_run_side_by_side(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe")
            os.mkfifo(pipe)
            # Either waits for the other.
            code, output = told([[a_run(f"cat {pipe}")], [a_run(f"echo '# pass 1' > {pipe}; echo '# pass 1'")]])
        self.assertEqual((code, output.splitlines()[-1]), (0, "2 passed, 0 failed"))

    def test_a_run_that_failed_is_shown_and_those_behind_it_still_run(self):
        code, output = told([[a_run("echo here is why; echo '# fail 1'; exit 1"), a_run("echo '# pass 2'")]])
        self.assertEqual((code, output.splitlines()[-1]), (1, "2 passed, 1 failed"))
        self.assertIn("here is why", output)

    def test_counts_and_what_was_skipped_are_added_to_those_of_the_other_stages(self):
        with tempfile.TemporaryDirectory() as folder:
            counts = pathlib.Path(folder) / "counts.json"
            told([[a_run("echo '# pass 2'; echo '# skipped 1'")]], "--counts", str(counts))
            self.assertEqual(json.loads(counts.read_text()),
                             [{"label": "proofs", "passed": 2, "failed": 0, "skipped": 1}])

    def test_every_count_is_read_by_the_test_that_it_is_for(self):
        sources = [*PROJECT.glob("src/betrace/*/*_test.cc"), *PROJECT.glob("tests/e2e/*.test.mjs")]
        for title, command, _, environment in sum(torture.proofs(), []):
            suite = re.search(r"\w+Test\b|[\w.]+\.mjs", command[-1])[0]
            texts = [path.read_text() for path in sources]
            texts = [text for text, path in zip(texts, sources)
                     if path.name == suite or re.search(rf"^TEST(_[FP])?\({suite}\b", text, re.M)]
            self.assertEqual(len(texts), 1, title)
            for variable in environment:
                self.assertIn(variable, texts[0], title)


if __name__ == "__main__":
    unittest.main()
