# Goal: replicas that share the rule directory, each with a state of its own, lose no change and all see it.
# Method: three real servers on one directory, and as many writers at once as a busy team has in a year.

import concurrent.futures
import pathlib
import shutil
import tempfile
import time
import unittest

from documents import needs_program
from scripts_test import Server

WRITERS = 100
SEEN_SECONDS_MAX = 5


@needs_program()
class SharedRulesTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-replicas-"))
        self.addCleanup(shutil.rmtree, folder)
        self.servers = []
        for number in range(3):
            server = Server(folder, {"BETRACE_STATE_PATH": str(folder / f"state-{number}")})
            self.addCleanup(server.stop)
            self.servers.append(server)

    def at_once(self, change):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda number: change(self.servers[number % 3], number), range(WRITERS)))

    def wait_until_all_see(self, wanted):
        deadline = time.monotonic() + SEEN_SECONDS_MAX
        for server in self.servers:
            while (seen := wanted(server)) is not True:
                self.assertLess(time.monotonic(), deadline, seen)
                time.sleep(0.05)

    def test_no_rule_of_a_hundred_writers_is_lost_and_all_replicas_see_all(self):
        self.at_once(lambda server, number: server.add(f"rule-{number}", f"span.duration > {number + 1}s"))
        self.wait_until_all_see(lambda server: len(server.rules()) == WRITERS or len(server.rules()))

    def test_a_hundred_changes_of_one_rule_are_a_hundred_revisions(self):
        self.servers[0].add("shared", "span.duration > 1s")
        self.wait_until_all_see(lambda server: len(server.rules()) == 1 or "not there")
        self.at_once(lambda server, number: server.change(
            "PATCH", "/v1/rules/shared", {"description": f"change {number}"}))
        self.wait_until_all_see(lambda server: server.rules()[0]["revision"] == WRITERS + 1
                                or server.rules()[0]["revision"])
        self.assertEqual(len({server.rules()[0]["description"] for server in self.servers}), 1)


if __name__ == "__main__":
    unittest.main()
