# Goal: no alert and no dashboard asks for a metric, a label or a value that BeTrace does not have.
# Method: the expressions are compared with docs/guide/metrics.md, which the program prints itself; promtool,
# where it is, evaluates the alerts on series written down in deploy/prometheus/tests.

import json
import re
import subprocess
import unittest

from documents import DEPLOY, PROJECT, documents_of, metric_catalogue, needs_tool, tool

PROMETHEUS = DEPLOY / "prometheus"
RULE_FILES = [PROMETHEUS / name for name in ("alert-rules.yaml", "recording-rules.yaml", "replicas.yaml")]
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))

CATALOGUE = metric_catalogue()
# Labels that Prometheus adds, and the label of pods that the ServiceMonitor takes over.
ADDED = {"job", "instance", "rule_group"}
SEVERITIES = {"LOW", "MEDIUM", "HIGH", "CRITICAL"}

METRIC = re.compile(r"(?<![\w:])((?:betrace|http|process|go)_[a-z0-9_]+)(\{[^}]*\})?")
GROUPING = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)")
MATCHER = re.compile(r"(\w+)\s*(=~|!=|!~|=)\s*\"([^\"]*)\"")


def problems_of(expression):
    """What the expression asks for that is not there."""
    found, known = [], set(ADDED)
    for name, matchers in METRIC.findall(GROUPING.sub("", expression)):
        if name not in CATALOGUE:
            found.append(f"there is no metric {name}")
            continue
        labels = CATALOGUE[name]
        known |= set(labels)
        for label, operator, value in MATCHER.findall(matchers):
            allowed = SEVERITIES if label == "severity" else labels.get(label, set())
            if label not in labels and label not in ADDED:
                found.append(f"{name} has no label {label}")
            for one in value.split("|") if allowed else []:
                if one not in allowed:
                    found.append(f"{label} of {name} is never {one}")
    for names in GROUPING.findall(expression):
        found += [f"nothing has the label {name}" for name in re.findall(r"\w+", names) if name not in known]
    return found


def rules():
    return [rule for document in documents_of(*RULE_FILES) for group in document["groups"]
            for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def panels():
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield path.stem, panel, target


class ProblemsTest(unittest.TestCase):
    def test_a_metric_a_label_and_a_value_that_do_not_exist_are_found(self):
        self.assertEqual(problems_of('go_goroutines{job="betrace-backend"}'), ["there is no metric go_goroutines"])
        self.assertEqual(problems_of('rate(betrace_traces_shed_total{protocol="grpc"}[5m])'),
                         ["betrace_traces_shed_total has no label protocol"])
        self.assertEqual(problems_of('betrace_spans_dropped_total{reason=~"memory|mood"}'),
                         ["reason of betrace_spans_dropped_total is never mood"])
        self.assertEqual(problems_of("sum by (service) (betrace_traces_open)"),
                         ["nothing has the label service"])


class AlertTest(unittest.TestCase):
    def test_every_expression_asks_for_what_there_is(self):
        for rule in rules():
            self.assertEqual(problems_of(rule["expr"]), [], rule.get("alert") or rule["record"])

    def test_every_alert_asks_for_our_job_alone(self):
        for rule in alerts():
            for name, matchers in METRIC.findall(rule["expr"]):
                self.assertIn('job="betrace-backend"', matchers, f"{rule['alert']}: {name}")

    def test_every_alert_has_a_severity_a_summary_and_a_runbook_that_names_it(self):
        for rule in alerts():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"), rule["alert"])
            self.assertTrue(rule["annotations"]["summary"], rule["alert"])
            runbook = PROJECT / rule["annotations"]["runbook_url"]
            self.assertTrue(runbook.exists(), f"{rule['alert']}: there is no {runbook}")
            self.assertIn(f"`{rule['alert']}`", runbook.read_text(), runbook)

    def test_every_runbook_has_its_five_parts_and_is_in_the_list(self):
        index = (PROJECT / "docs/runbooks/README.md").read_text()
        for path in (PROJECT / "docs/runbooks").glob("*.md"):
            if path.name == "README.md":
                continue
            parts = re.findall(r"^## (.*)$", path.read_text(), re.M)
            self.assertEqual(parts, ["Symptom", "Impact", "Diagnosis", "Mitigation", "Prevention"], path)
            self.assertIn(f"({path.name})", index)

    def test_every_alert_is_tested_firing_and_its_metrics_are_among_the_quiet_ones(self):
        firing = documents_of(PROMETHEUS / "tests/firing_test.yaml")[0]["tests"]
        quiet = str(documents_of(PROMETHEUS / "tests/quiet_test.yaml"))
        tested = {test["name"].split(":")[0] for test in firing}
        self.assertEqual(tested, {rule["alert"] for rule in alerts()})
        for rule in alerts():
            for name, _ in METRIC.findall(rule["expr"]):
                self.assertIn(f"{name}{{", quiet, rule["alert"])

    def test_a_ratio_of_counters_is_summed_on_both_sides(self):
        for rule in alerts():
            for above, below in re.findall(r"(\S*)rate\([^)]*\)+\s*/\s*(\S*)rate", rule["expr"]):
                self.assertTrue(above.startswith("sum(") and below.startswith("sum("), rule["alert"])

    @needs_tool("promtool", "tools/setup --ci")
    def test_promtool_sees_every_alert_quiet_and_firing(self):
        files = sorted((PROMETHEUS / "tests").glob("*.yaml"))
        for command in (["check", "rules", *RULE_FILES], ["check", "config", PROMETHEUS / "prometheus.yaml"],
                        ["test", "rules", *files]):
            done = subprocess.run([tool("promtool"), *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class DashboardTest(unittest.TestCase):
    def test_the_three_of_the_guide_are_there(self):
        self.assertEqual([path.stem for path in DASHBOARDS],
                         ["backend-overview", "rule-performance", "violation-trends"])

    def test_every_query_asks_for_what_there_is(self):
        for name, panel, target in panels():
            self.assertEqual(problems_of(target["expr"]), [], f"{name}: {panel['title']}")

    def test_every_query_heeds_job_and_replica(self):
        for name, panel, target in panels():
            self.assertIn('job="$job",instance=~"$instance"', target["expr"], f"{name}: {panel['title']}")

    def test_legends_name_labels_that_the_query_keeps(self):
        for name, panel, target in panels():
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                kept = label == "instance" or re.search(rf"by \([^)]*\b{label}\b", target["expr"])
                self.assertTrue(kept, f"{name}: {panel['title']}: {label}")

    def test_grafana_9_can_read_them(self):
        for path in DASHBOARDS:
            dashboard = json.loads(path.read_text())
            versions = {entry["id"]: entry["version"] for entry in dashboard["__requires"]}
            self.assertEqual(versions["grafana"], "9.0.0", path)
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)), path)

    @needs_tool("promtool", "tools/setup --ci")
    def test_promtool_can_read_every_query(self):
        lines = ["groups:", "  - name: dashboards", "    rules:"]
        for number, (_, _, target) in enumerate(panels()):
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "6h")
            lines += [f"      - record: query:number_{number}", f"        expr: {json.dumps(expression)}"]
        done = subprocess.run([tool("promtool"), "check", "rules", "--lint=none", "/dev/stdin"],
                              input="\n".join(lines), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
