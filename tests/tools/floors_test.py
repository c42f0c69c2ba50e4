"""tools/floors finds an include that does not go down, and says nothing of one that does."""

import pathlib
import tempfile
import unittest

from load import load_tool

floors = load_tool("floors")


class FloorsTest(unittest.TestCase):
    def check(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "src" / "betrace" / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return floors.check(pathlib.Path(folder))

    def test_an_include_that_goes_down_is_fine(self):
        self.assertEqual(self.check("rules/x.cc", '#include "betrace/model/ids.h"\n'), [])

    def test_an_include_that_goes_up_is_found_with_its_line(self):
        found = self.check("rules/x.cc", '\n#include "betrace/engine/shard.h"\n')
        self.assertEqual(found, ["src/betrace/rules/x.cc:2: rules may not include engine/shard.h"])

    def test_an_include_that_goes_sideways_is_found(self):
        self.assertEqual(len(self.check("rules/x.h", '#include "betrace/traces/closure.h"\n')), 1)

    def test_a_single_header_of_a_module_can_be_allowed(self):
        self.assertEqual(self.check("ingest/x.cc", '#include "betrace/engine/span_sink.h"\n'), [])
        self.assertEqual(len(self.check("ingest/x.cc", '#include "betrace/engine/shard.h"\n')), 1)

    def test_what_tests_share_is_for_tests_only(self):
        text = '#include "betrace/rules/testing/random_rule.h"\n'
        self.assertEqual(self.check("rules/x_test.cc", text), [])
        self.assertEqual(self.check("rules/x_fuzz.cc", text), [])
        self.assertEqual(self.check("rules/testing/x.cc", text), [])
        self.assertEqual(self.check("rules/x.cc", text), [
            "src/betrace/rules/x.cc:1: rules/testing/random_rule.h is for tests only"])

    def test_a_module_that_is_not_in_the_table_is_found(self):
        self.assertEqual(len(self.check("util/x.h", "")), 1)


if __name__ == "__main__":
    unittest.main()
