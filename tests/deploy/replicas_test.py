# Goal: replicas that share the rule directory, each with a state of its own, lose no change and all see it; and three
# of them, each with its share of the traces, find what one alone does.
# Method: real servers on one directory; as many writers at once as a busy team has in a year; random traces, with the
# seed printed, of which the trace id chooses the replica.

import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import tempfile
import time
import unittest
import urllib.request

from documents import needs_program
from scripts_test import START_SECONDS_MAX, Server

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


RULES = {
    "on-arrival": "span.duration > 1500ms",
    "absent": "when { payment.charge } always { order.ship }",
    "structure": "when { order.ship } always { span.preceded_by(payment.charge) }",
    "counted": "count(payment.charge) > 2",
    "joined": 'span.name == "order.ship" and not trace.has(span.name == "payment.charge" and '
              'span.attributes["order"] == anchor.attributes["order"])',
}
TRACES = 200


def trace(source, number):
    """A trace of a few random spans, whole, in random order."""
    begin = 1_769_853_600_000_000_000
    spans = [{"trace_id": f"trace-{number}", "span_id": "root", "name": "POST /orders", "start_time_unix_nano": str(begin),
              "duration_ms": 1000}]
    for index in range(source.randint(0, 6)):
        spans.append({"trace_id": f"trace-{number}", "span_id": f"span-{index}", "parent_span_id": "root",
                      "name": source.choice(("payment.charge", "order.ship", "mail.send")),
                      "start_time_unix_nano": str(begin + source.randrange(10**9)), "duration_ms": source.choice((5, 50, 2000)),
                      "attributes": {"order": str(source.randrange(2))}})
    source.shuffle(spans)
    return spans


@needs_program()
class SharedTracesTest(unittest.TestCase):
    def test_three_replicas_find_what_one_finds_and_each_its_own(self):
        seed = int(os.environ.get("BETRACE_SEED", random.randrange(2**32)))
        source = random.Random(seed)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-replicas-"))
        self.addCleanup(shutil.rmtree, folder)
        quick = {"BETRACE_TRACE_QUIET": "100ms"}
        servers = [Server(folder, quick | {"BETRACE_STATE_PATH": str(folder / f"state-{number}")}) for number in range(4)]
        for server in servers:
            self.addCleanup(server.stop)
        for name, expression in RULES.items():
            servers[0].add(name, expression)
        for server in servers:
            self.until(lambda: len(server.rules()) == len(RULES))
        one, three = servers[0], servers[1:]
        shares = [[], [], []]
        for number in range(TRACES):
            spans = trace(source, number)
            shares[hashlib.sha256(spans[0]["trace_id"].encode()).digest()[0] % 3].append(spans)
            one.change("POST", "/v1/spans", {"spans": spans})
        for server, share in zip(three, shares):
            for spans in share:
                server.change("POST", "/v1/spans", {"spans": spans})
        for server, count in zip(servers, [TRACES, *map(len, shares)]):
            self.until(lambda: self.closed(server) == count)
        # What was decided is seen when it is on disk.
        self.until(lambda: set().union(*map(self.violations, three)) == self.violations(one), f"BETRACE_SEED={seed}")
        alone = self.violations(one)
        found = [self.violations(server) for server in three]
        self.assertEqual(set().union(*found), alone, f"BETRACE_SEED={seed}")
        self.assertEqual(sum(map(len, found)), len(alone), "none was found twice")
        self.assertEqual({rule for rule, _ in alone}, set(RULES), f"BETRACE_SEED={seed}")
        self.assertTrue(all(found))

    def until(self, is_so, otherwise=None):
        deadline = time.monotonic() + START_SECONDS_MAX
        while not is_so():
            self.assertLess(time.monotonic(), deadline, otherwise)
            time.sleep(0.02)

    @staticmethod
    def closed(server):
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            return sum(float(number) for number in
                       re.findall(r"^betrace_traces_closed_total\S* (\S+)$", answer.read().decode(), re.M))

    @staticmethod
    def violations(server):
        with urllib.request.urlopen(f"{server.url}/v1/violations?limit=1000") as answer:
            return {(row["rule_id"], row["id"]) for row in json.load(answer)["violations"]}


if __name__ == "__main__":
    unittest.main()
