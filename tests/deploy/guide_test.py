# Goal: the expressions and settings that the operator guide prints mean what it says.
# Method: expressions are judged by `betrace eval`, settings read back by `betrace config show`.

import base64
import concurrent.futures
import json
import os
import random
import subprocess
import unittest

from documents import PROGRAM, needs_program
from scripts_test import clean_environment

TRACES = 10_000
KEYS = int(os.environ.get("BETRACE_KEYS", "50"))
HAS_AUDIT = 'trace.has(span.name == "audit.log")'


def judged(lines):
    """What eval says of each (expression, spans)."""
    text = "\n".join(json.dumps({"name": f"n{number}", "expr": expression, "spans": spans})
                     for number, (expression, spans) in enumerate(lines))
    done = subprocess.run([PROGRAM, "eval"], input=text, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def span(name, number=0, **attributes):
    return {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": f"{number + 1:016x}", "name": name,
            "start_time": "2026-01-31T10:00:00Z", "duration_ms": 5, "attributes": attributes}


def settings(environment, command="show"):
    """(exit code, what `betrace config` says, errors and warnings too)."""
    done = subprocess.run([PROGRAM, "config", command], capture_output=True, text=True,
                          env=clean_environment() | environment)
    return done.returncode, done.stdout + done.stderr


@needs_program()
class GuideRulesTest(unittest.TestCase):
    def matches(self, expression, *spans):
        answer = judged([(expression, list(spans))])[0]
        self.assertTrue(answer["valid"], answer)
        return answer["matched"]

    def test_trace_has_finds_a_span_of_that_name_and_only_that(self):
        self.assertTrue(self.matches(HAS_AUDIT, span("pay"), span("audit.log", 1)))
        self.assertFalse(self.matches(HAS_AUDIT, span("pay"), span("audit", 1)))

    def test_asking_the_span_first_violates_for_the_same_traces(self):
        seed = int(os.environ.get("BETRACE_SEED", random.randrange(2**32)))
        source = random.Random(seed)
        traces = [[span(source.choice(("pay", "audit.log", "audit", "cart")), number)
                   for number in range(source.randint(1, 4))] for _ in range(TRACES)]
        first = judged([(HAS_AUDIT, trace) for trace in traces])
        second = judged([(f'span.name == "audit.log" or {HAS_AUDIT}', trace) for trace in traces])
        self.assertEqual(len(first), TRACES)
        self.assertEqual([answer["matched"] for answer in first], [answer["matched"] for answer in second],
                         f"BETRACE_SEED={seed}")
        self.assertEqual({answer["matched"] for answer in first}, {True, False})

    def test_attributes_are_compared_and_asked_for(self):
        there = 'span.attributes["user.id"] != nil'
        self.assertTrue(self.matches(there, span("pay", **{"user.id": "7"})))
        self.assertFalse(self.matches(there, span("pay")))
        admin = 'span.attributes["user.type"] == "admin"'
        self.assertTrue(self.matches(admin, span("pay", **{"user.type": "admin"})))
        self.assertFalse(self.matches(admin, span("pay", **{"user.type": "guest"})))

    def test_lua_style_comments_are_taken(self):
        self.assertTrue(self.matches('-- who pays\nspan.name == "pay"', span("pay")))


@needs_program()
class GuideSettingsTest(unittest.TestCase):
    def shows(self, environment, text):
        code, said = settings(environment)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, text)

    def refuses(self, environment, text):
        code, said = settings(environment)
        self.assertEqual(code, 2, said)
        self.assertIn(text, said)

    def test_the_export_is_tuned_as_the_guide_does(self):
        environment = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "512", "OTEL_BSP_MAX_QUEUE_SIZE": "4096"}
        self.shows(environment, r"otlp\.batch_size: 512 ")
        self.shows(environment, r"otlp\.queue_size: 4096 ")
        self.refuses({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"}, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")

    def test_five_seconds_and_five_thousand_are_the_same(self):
        for value in ("5s", "5000"):
            self.shows({"OTEL_BSP_EXPORT_TIMEOUT": value}, r"otlp\.export_timeout: 5s ")
        self.refuses({"OTEL_BSP_EXPORT_TIMEOUT": "5 parsecs"}, "OTEL_BSP_EXPORT_TIMEOUT")

    def test_settings_of_another_runtime_are_an_alias_or_ignored_with_a_warning(self):
        self.shows({"GOMAXPROCS": "8"}, r"workers: 8 ")
        self.assertIn("GOGC (environment): has no effect here", settings({"GOGC": "50"}, "check")[1])

    def test_a_generated_signature_key_is_taken_and_a_weak_one_is_not(self):
        keys = [base64.b64encode(os.urandom(32)).decode() for _ in range(KEYS)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(lambda key: settings({"BETRACE_SIGNATURE_KEY": key}, "check")[0], keys))
        self.assertEqual([key for key, code in zip(keys, codes) if code != 0], [])
        for weak in ("", "changeme", "x" * 31):
            self.refuses({"BETRACE_SIGNATURE_KEY": weak}, "BETRACE_SIGNATURE_KEY")

    def test_the_published_api_key_is_refused_and_the_header_is_a_setting(self):
        self.refuses({"BETRACE_API_KEY": "your-secret-api-key-here"}, "BETRACE_API_KEY")
        self.shows({"BETRACE_API_KEY_HEADER": "X-API-Key"}, r"api_key_header: '?X-API-Key")

    def test_levels_of_the_log(self):
        for level in ("debug", "info", "warn", "error"):
            self.shows({"LOG_LEVEL": level}, rf"logging\.level: {level} ")
        self.refuses({"LOG_LEVEL": "loud"}, "LOG_LEVEL")

    def test_what_kubernetes_injects_for_the_service_draws_no_warning(self):
        code, said = settings({"BETRACE_BACKEND_PORT": "tcp://10.0.0.1:12011",
                               "BETRACE_BACKEND_SERVICE_HOST": "10.0.0.1"}, "check")
        self.assertEqual(code, 0)
        self.assertNotIn("BETRACE_BACKEND", said)


if __name__ == "__main__":
    unittest.main()
