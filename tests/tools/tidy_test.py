"""tools/tidy finds what it is there to find."""

import pathlib
import unittest

from load import load_tool

tidy = load_tool("tidy")


class TidyTest(unittest.TestCase):
    def test_a_line_over_the_limit_is_found(self):
        self.assertEqual(len(tidy.check_lines("src/x.cc", ["x" * 101])), 1)
        self.assertEqual(tidy.check_lines("src/x.cc", ["x" * 100]), [])

    def test_unfinished_work_is_found(self):
        self.assertEqual(len(tidy.check_lines("src/x.cc", ["// TO" + "DO: later"])), 1)

    def test_a_long_function_is_found_and_a_long_table_is_not(self):
        body = ["  x;"] * 70
        self.assertEqual(len(tidy.check_functions("x.cc", ["void f() {", *body, "}"])), 1)
        self.assertEqual(tidy.check_functions("x.cc", ["void f() {", *body[:60], "}"]), [])
        self.assertEqual(tidy.check_functions("x.cc", ["constexpr Row kRows[] = {", *body, "};"]), [])

    def test_a_library_out_of_its_place_is_found(self):
        line = "#include <sqlite3.h>"
        self.assertEqual(len(tidy.check_lines("src/betrace/api/x.cc", [line])), 1)
        self.assertEqual(tidy.check_lines("src/betrace/storage/x.cc", [line]), [])

    def test_a_header_without_purpose_or_guard_is_found(self):
        self.assertEqual(len(tidy.check_header("x.h", ["int x;"])), 2)
        self.assertEqual(tidy.check_header("x.h", ["// What it is.", "#pragma once"]), [])

    def test_an_entry_of_the_root_that_is_not_listed_is_found(self):
        root = pathlib.Path("/project")
        self.assertEqual(len(tidy.check_root(root, [root / "notes.txt"])), 1)
        self.assertEqual(tidy.check_root(root, [root / "README.md"]), [])


if __name__ == "__main__":
    unittest.main()
