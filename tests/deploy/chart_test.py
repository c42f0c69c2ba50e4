# Goal: the chart gives what the manifests hold, and refuses values that cannot work.
# Method: helm renders it, if it is there; the schema of the values is checked without it.

import json
import pathlib
import subprocess
import tempfile
import unittest

from documents import DEPLOY, KUBERNETES, documents_of, needs_tool, tool, yaml
from json_schema import Schema
from kubernetes_schemas import (CUSTOM_KINDS, check_custom_resources, check_kubernetes, needs_custom_resource_models,
                                needs_kubernetes_schemas)
from wiring import Wiring

CHART = DEPLOY / "helm/betrace"
OPERATED_SECRETS = KUBERNETES / "options/betrace-external-secrets.yaml"
SECRETS = KUBERNETES / "options/secrets.example.yaml"
# What cert-manager and the operator of Secrets make, and objects that the chart leaves to people.
NOT_IN_CHART = {"Namespace"}


def render(*flags):
    done = subprocess.run([tool("helm"), "template", "betrace", CHART, "--namespace", "betrace",
                           "--kube-version", "1.30", *flags],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def by_name(things):
    return {(thing["kind"], thing["metadata"].get("name")): thing for thing in things
            if thing["kind"] not in NOT_IN_CHART}


class ValuesTest(unittest.TestCase):
    def setUp(self):
        self.schema = json.loads((CHART / "values.schema.json").read_text())
        self.values = documents_of(CHART / "values.yaml")[0]

    def problems(self, values):
        return Schema(self.schema, self.schema["definitions"]).problems(values)

    def test_the_shipped_values_fit_their_schema(self):
        self.assertEqual(self.problems(self.values), [])
        self.assertEqual(self.problems(documents_of(CHART / "values-production.yaml")[0]), [])

    def test_every_value_is_in_the_schema(self):
        self.assertEqual(set(self.schema["properties"]) - {"global"}, set(self.values))

    def test_values_that_cannot_work_are_refused(self):
        for change in ({"workload": {"kind": "DaemonSet"}}, {"replicaCount": 0}, {"ruleGroup": "2-of-3"},
                       {"config": {"env": {"BETRACE_API_KEY": "in-the-open"}}}, {"replicas": 3},
                       {"persistence": {"state": "much"}}, {"backup": {"bucket": "betrace-backups"}}):
            self.assertNotEqual(self.problems(self.values | change), [], change)


EVERY_OPTION = ("--set", "ingress.enabled=true,certificate.enabled=true,backup.enabled=true,externalSecrets.enabled=true,"
                "router.enabled=true")
PRODUCTION = ("--values", CHART / "values-production.yaml")


@needs_tool("helm", "tools/setup --ci, where Go and its modules can be had")
class RenderedTest(unittest.TestCase):
    def test_helm_finds_nothing_to_say(self):
        done = subprocess.run([tool("helm"), "lint", "--strict", CHART], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_defaults_are_the_manifests(self):
        rendered, written = by_name(render()), by_name(documents_of(KUBERNETES / "betrace"))
        self.assertEqual(set(rendered), set(written))
        for key, thing in written.items():
            self.assertEqual(rendered[key], thing, key)

    def test_the_options_are_those_of_the_manifests(self):
        rendered = by_name(render(*EVERY_OPTION))
        written = by_name(documents_of(KUBERNETES / "options/betrace-ingress.yaml", OPERATED_SECRETS,
                                       KUBERNETES / "options/betrace-certificate.yaml",
                                       KUBERNETES / "jobs/backup-cronjob.yaml", KUBERNETES / "router"))
        for key, thing in written.items():
            self.assertEqual(rendered[key], thing, key)

    def test_production_is_a_stateful_set_with_volumes_of_its_own_that_fits_together(self):
        things = render(*PRODUCTION)
        self.assertEqual(Wiring(things).problems(), [])
        workload = by_name(things)["StatefulSet", "betrace-backend"]
        claim = workload["spec"]["volumeClaimTemplates"][0]
        self.assertEqual((claim["metadata"]["name"], claim["spec"]["accessModes"]), ("state", ["ReadWriteOnce"]))
        self.assertNotIn("state", [volume["name"] for volume in workload["spec"]["template"]["spec"]["volumes"]])
        self.assertEqual(len(by_name(things)["ConfigMap", "betrace-backend-dashboards"]["data"]), 3)

    def test_the_alerts_of_production_are_the_shipped_ones(self):
        things = by_name(render(*PRODUCTION))
        groups = things["PrometheusRule", "betrace-backend"]["spec"]["groups"]
        shipped = documents_of(DEPLOY / "prometheus/alert-rules.yaml")[0]["groups"]
        self.assertEqual(groups[:-1], shipped)
        self.assertEqual(groups[-1]["rules"][0], {"record": "betrace:replicas_wanted", "expr": "vector(3)"})

    def test_a_claim_of_one_node_and_several_replicas_are_refused(self):
        with self.assertRaisesRegex(ValueError, "cannot be mounted by several replicas"):
            render("--set", "rules.accessMode=ReadWriteOnce")
        render("--set", "rules.accessMode=ReadWriteOnce,replicaCount=1")

    @needs_kubernetes_schemas()
    def test_what_is_rendered_is_valid_in_the_oldest_and_the_newest_kubernetes(self):
        for flags in ((), EVERY_OPTION, PRODUCTION, ("--set", "ruleGroup=2/3,name=betrace-group-2")):
            checked, problems = check_kubernetes(render(*flags))
            self.assertEqual(problems, [], flags)
            self.assertGreater(checked, 10, flags)

    @needs_custom_resource_models()
    def test_what_is_rendered_for_operators_is_valid_to_them(self):
        things = [thing for flags in (EVERY_OPTION, PRODUCTION) for thing in render(*flags) if thing["kind"] in CUSTOM_KINDS]
        self.assertEqual({thing["kind"] for thing in things}, CUSTOM_KINDS)
        self.assertEqual(check_custom_resources(things), [""] * len(things))

    def test_rule_groups_are_set_and_labelled(self):
        pod = by_name(render("--set", "ruleGroup=2/3,name=betrace-group-2"))[
            "Deployment", "betrace-group-2"]["spec"]["template"]
        self.assertEqual(pod["metadata"]["labels"]["rule_group"], "2-of-3")
        self.assertIn({"name": "BETRACE_RULE_GROUP", "value": "2/3"}, pod["spec"]["containers"][0]["env"])

    def test_rules_from_git_alone_need_no_claim(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder) / "rules.yaml"
            rules.write_text("apiVersion: v1\nkind: ConfigMap\n"
                             "metadata: {name: betrace-rules, namespace: betrace}\ndata: {}\n")
            things = (render("--set", "rules.configMap=betrace-rules")
                      + documents_of(rules, SECRETS))
        self.assertEqual(Wiring(things).problems(), [])
        self.assertNotIn("PersistentVolumeClaim", [thing["kind"] for thing in things])


if __name__ == "__main__":
    unittest.main()
