# Goal: no fenced block of the README, the guide and the runbooks is there without something that checks it.
# Method: each block is put where it belongs: run from the top of its page, made of commands that a named test reads, rules
# and rule tests that are judged here, or one of the few listed drawings. Whatever is none of these fails.

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

import page_session
from coverage_page_test import tests_of_the_project
from page_session import PROGRAM, PROJECT
from readme_test import PAGES as RUN_PAGES

sys.path.append(str(PROJECT / "tests/stores"))

import stores  # noqa: E402

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", *sorted(str(path.relative_to(PROJECT)) for folder in ("docs/guide", "docs/runbooks")
                              for path in (PROJECT / folder).glob("*.md"))]
# The first word of a command on a page that is not run from its top -> the test that reads or runs it.
CHECKED = {
    "kubectl": "KubectlTest", "aws": "CloudCommandsTest", "curl": "RunbookCommandsTest", "since=": "RunbookCommandsTest",
    "betrace": "PagesTest", "build/betrace": "PagesTest", "promtool": "AlertTest", "python3": "ClusterLostTest",
    "helm": "RenderedTest", "docker": "ComposeTest", "cp": "ComposeTest", "jq": "RulesRestoreTest",
    "deploy/debian/package": "PackageTest", "sudo": "PackageTest", "printf": "PackageTest", "make": "BlocksTest",
    "api=": "RunbookCommandsTest", "auth=": "RunbookCommandsTest", "rule=": "RunbookCommandsTest",
    "tools/setup": "TailSamplingTest", "bench/tail_sampling/run": "TailSamplingTest",
}
SHELL_WORDS = {"for", "while", "do", "done", "if", "fi", "then", "}", "#"}
# Language and beginning of what says nothing that could be wrong, or is checked as words of a page by the test named.
DRAWINGS = {
    ("", "sources -> collector or betrace-router"): "a picture",
    ("", "replicas = ceil("): "PagesTest",
    ("text", "What happened, in two sentences:"): "a form to fill in",
    ("console", "$ betrace test rules/starter"): "a failure that is shown; its words are those of RunTestsTest",
    ("yaml", "    records:\n"): "a part of a case; RunTestsTest",
    ("ebnf", ""): "GrammarTest",
}


def blocks():
    for page in PAGES:
        for language, text in FENCE.findall((PROJECT / page).read_text()):
            yield page, language, text


def blocks_of(page, language):
    return [text for there, kind, text in blocks() if (there, kind) == (f"docs/guide/{page}.md", language)]


def commands_of(text):
    """The first word of each command at the beginning of a line; NAME= of an assignment."""
    text = re.sub(r"<<'?(\w+)'?\n.*?^\1$", "", text.replace("\\\n", " "), flags=re.M | re.S)
    for line in text.splitlines():
        if line and not line[0].isspace():
            word = line.split()[0]
            assigned = re.match(r"\w+=", word)
            if (assigned[0] if assigned else word) not in SHELL_WORDS:
                yield assigned[0] if assigned else word


def run(*arguments, folder=PROJECT, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("BETRACE_", "OTEL_"))}
    done = subprocess.run([str(PROGRAM), *arguments], capture_output=True, text=True, cwd=folder, env=clean | environment)
    return done.returncode, done.stdout + done.stderr


class BlocksTest(unittest.TestCase):
    def problem(self, page, language, text):
        if any(language == kind and text.startswith(beginning) for kind, beginning in DRAWINGS):
            return ""
        if language == "bash":
            if page in RUN_PAGES and not page_session.FOR_THE_READER.search(text):
                return ""
            return ", ".join(f"nothing checks {word!r}" for word in commands_of(text) if word not in CHECKED)
        if language in ("text", "json"):
            return "" if page in RUN_PAGES else "nothing prints it"
        if language in ("promql", "betrace", "yaml", "python"):
            return ""  # PagesTest and the tests below take every one
        return "" if page in ("docs/guide/configuration.md", "docs/guide/evidence.md", "docs/guide/rule-language.md") else (
            f"blocks of {language or 'no language'} are not checked")

    def test_every_block_has_something_that_checks_it(self):
        count = 0
        for page, language, text in blocks():
            self.assertEqual(self.problem(page, language, text), "", f"{page}:\n{text}")
            count += 1
        self.assertGreater(count, 200)

    def test_a_block_that_nothing_checks_is_found(self):
        for language, text in (("bash", "betrace serve\nterraform apply\n"), ("toml", "a = 1\n"), ("text", "hello\n")):
            self.assertNotEqual(self.problem("docs/guide/deployment.md", language, text), "", text)

    def test_what_checks_is_there(self):
        named = {*CHECKED.values(), *re.findall(r"\b\w+Test\b", " ".join(DRAWINGS.values()))}
        self.assertEqual(named - tests_of_the_project(), set())

    def test_targets_of_make_are_there(self):
        targets = re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(), re.M)
        for page, language, text in blocks():
            for target in re.findall(r"^make ([a-z0-9-]+)", text, re.M) if language == "bash" else ():
                self.assertIn(target, targets, page)


@unittest.skipIf(page_session.missing(), page_session.missing())
class BlocksRunTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-blocks-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def is_rule(self, text):
        line = json.dumps({"name": "block", "expr": text, "spans": []})
        done = subprocess.run([PROGRAM, "eval"], input=line, capture_output=True, text=True)
        return json.loads(done.stdout)["valid"]

    def test_every_rule_that_is_shown_is_one(self):
        count = 0
        for page, language, text in blocks():
            if language != "betrace":
                continue
            # A block is one rule over some lines, or a rule a line.
            self.assertTrue(self.is_rule(text) or all(map(self.is_rule, text.splitlines())), f"{page}:\n{text}")
            count += 1
        self.assertGreater(count, 5)

    def test_the_diagnostic_that_is_shown_is_printed(self):
        shown = blocks_of("rule-language", "")[0]
        (self.folder / "refunds.yaml").write_text(json.dumps({"rules": [{
            "id": "refund-approved", "name": "refund-approved",
            "expression": "when { refund.issue }\nalways { span.preceded_by(refund.approve, 1hour) }"}]}))
        self.assertIn(shown, run("rules", "check", "refunds.yaml", folder=self.folder)[1])

    def test_the_mistake_in_a_setting_that_is_shown_is_printed(self):
        self.assertEqual(run("config", "check", BETRACE_TRACE_QUIET="5 parsecs"), (2, blocks_of("configuration", "")[0]))

    def test_the_reports_that_are_shown_are_made(self):
        stores.restore(PROJECT / "tests/stores/2.0.0", self.folder / "rules")
        lines = blocks_of("evidence", "")[0].splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            code, said = run(*line.split()[1:], folder=self.folder, BETRACE_STORAGE_PATH=str(self.folder / "rules"))
            self.assertEqual(code, 0, said)
        self.assertIn("soc2:CC6.1", (self.folder / "report.html").read_text())

    def test_the_rule_tests_that_are_shown_pass(self):
        shown = blocks_of("rule-tests", "yaml")[0]
        (self.folder / "tests").mkdir()
        shutil.copy(PROJECT / "rules/starter/rules.yaml", self.folder)
        (self.folder / "tests/shown.yaml").write_text(textwrap.dedent(shown))
        code, said = run("test", str(self.folder))
        self.assertEqual(code, 0, said)
        self.assertIn("2 of 2 cases passed", said)


if __name__ == "__main__":
    unittest.main()
