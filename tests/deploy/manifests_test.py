# Goal: what an operator applies fits together before a cluster says that it does not.
# Method: every document is read, names are followed, and the guide's known mistakes must be found.

import json
import re
import unittest

from cloud_model import check_task_definition, needs_ecs_model
from compose_schema import check_compose, needs_compose_schema
from documents import DEPLOY, KUBERNETES, PROJECT, documents_of, yaml
from kubernetes_schemas import (check_custom_resources, check_kubernetes, needs_custom_resource_models,
                                needs_kubernetes_schemas)
from network import allows, labels_of_namespace
from wiring import Wiring, containers_of, pod_of

BETRACE = KUBERNETES / "betrace"
EVERYTHING = [BETRACE, KUBERNETES / "jobs", KUBERNETES / "router", KUBERNETES / "options/betrace-ingress.yaml",
              KUBERNETES / "options/betrace-certificate.yaml"]
SECRETS = KUBERNETES / "options/secrets.example.yaml"
OPERATED_SECRETS = KUBERNETES / "options/betrace-external-secrets.yaml"


def one(things, kind, name=None):
    found = [thing for thing in things if thing["kind"] == kind
             and name in (None, thing["metadata"].get("name"))]
    return found[0]


class WiringTest(unittest.TestCase):
    def test_the_manifests_fit_together_with_secrets_made_by_hand(self):
        self.assertEqual(Wiring(documents_of(*EVERYTHING, SECRETS)).problems(), [])

    def test_the_manifests_fit_together_with_secrets_made_by_an_operator(self):
        self.assertEqual(Wiring(documents_of(*EVERYTHING, OPERATED_SECRETS)).problems(), [])

    def test_a_claim_of_one_node_is_no_claim_for_three_replicas(self):
        things = documents_of(BETRACE, SECRETS)
        one(things, "PersistentVolumeClaim")["spec"]["accessModes"] = ["ReadWriteOnce"]
        self.assertEqual(Wiring(things).problems(), [
            "Deployment betrace-backend: the claim betrace-rules-pvc is ReadWriteOnce, and the replicas "
            "are more than one"])

    def test_a_missing_key_of_a_secret_is_found(self):
        things = documents_of(BETRACE, SECRETS)
        del one(things, "Secret", "betrace-config")["stringData"]["otel-endpoint"]
        self.assertEqual(Wiring(things).problems(), [
            "Deployment betrace-backend: no Secret betrace-config has the key otel-endpoint"])

    def test_a_service_without_labels_is_found_by_no_monitor(self):
        things = documents_of(BETRACE, SECRETS)
        del one(things, "Service", "betrace-backend")["metadata"]["labels"]
        self.assertEqual(Wiring(things).problems(), [
            "ServiceMonitor betrace-backend: 0 Services have the labels {'app': 'betrace-backend'}, not one"])

    def test_a_second_ingress_of_the_same_name_is_found(self):
        things = documents_of(*EVERYTHING, SECRETS)
        things.append(one(things, "Ingress"))
        self.assertEqual(Wiring(things).problems(), ["Ingress betrace-backend: is there twice"])

    def test_a_service_asks_for_ports_that_containers_have(self):
        things = documents_of(BETRACE, SECRETS)
        one(things, "Service", "betrace-backend")["spec"]["ports"][0]["targetPort"] = "web"
        self.assertEqual(Wiring(things).problems(), ["Service betrace-backend: no container has the port web"])

    def test_the_guides_names_are_kept(self):
        things = documents_of(BETRACE)
        deployment = one(things, "Deployment")
        self.assertEqual(deployment["metadata"]["name"], "betrace-backend")
        self.assertEqual(deployment["spec"]["template"]["spec"]["containers"][0]["name"], "betrace-backend")
        self.assertEqual(one(things, "HorizontalPodAutoscaler")["metadata"]["name"], "betrace-backend-hpa")
        for name in ("namespace", "betrace-backend-deployment", "betrace-backend-service", "betrace-hpa",
                     "betrace-servicemonitor"):
            self.assertTrue((BETRACE / f"{name}.yaml").exists(), name)

    def test_a_pod_has_time_to_drain(self):
        pod = one(documents_of(BETRACE), "Deployment")["spec"]["template"]["spec"]
        sleep = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        grace = int(re.search(r"`shutdown.grace` \|.*?\| `(\d+)s`",
                              (PROJECT / "docs/guide/configuration.md").read_text())[1])
        self.assertGreater(pod["terminationGracePeriodSeconds"], sleep + grace)

    def test_every_container_of_ours_is_confined(self):
        for thing in documents_of(*EVERYTHING):
            if thing["kind"] not in ("Deployment", "Job", "CronJob"):
                continue
            pod = pod_of(thing)
            self.assertTrue(pod["spec"]["securityContext"]["runAsNonRoot"])
            for container in containers_of(pod):
                rights = container["securityContext"]
                self.assertTrue(rights["readOnlyRootFilesystem"], container["name"])
                self.assertFalse(rights["allowPrivilegeEscalation"], container["name"])
                self.assertEqual(rights["capabilities"], {"drop": ["ALL"]}, container["name"])

    def test_state_and_rules_are_volumes_where_the_program_looks(self):
        container = one(documents_of(BETRACE), "Deployment")["spec"]["template"]["spec"]["containers"][0]
        paths = {mount["mountPath"] for mount in container["volumeMounts"]}
        values = {entry["name"]: entry.get("value") for entry in container["env"]}
        self.assertLessEqual({values["BETRACE_STORAGE_PATH"], values["BETRACE_STATE_PATH"]}, paths)

    def test_no_image_is_the_latest_and_no_secret_has_a_value(self):
        for path in DEPLOY.rglob("*.y*ml"):
            self.assertNotRegex(path.read_text(), r"image:.*:latest", path)
        for secret in documents_of(SECRETS):
            for key, value in secret["stringData"].items():
                self.assertIn(value, ("", "tempo.observability.svc.cluster.local:4317"), key)

    def test_backups_keep_the_guides_promises(self):
        job = one(documents_of(KUBERNETES / "jobs"), "CronJob")
        self.assertEqual(job["metadata"]["namespace"], "betrace")
        self.assertEqual(job["spec"]["concurrencyPolicy"], "Forbid")
        upload = pod_of(job)["spec"]["containers"][0]["command"][2]
        self.assertLess(upload.index("date -u +%Y%m%d"), upload.index("rules-latest.json"))

    def test_the_job_that_clears_leaves_what_begins_with_a_dot(self):
        text = (KUBERNETES / "jobs/clear-rules.yaml").read_text()
        self.assertIn("rm -rf /data/rules/*", text)


class NetworkPolicyTest(unittest.TestCase):
    def setUp(self):
        self.policy = one(documents_of(BETRACE), "NetworkPolicy")

    def from_(self, namespace, pod, port, extra=()):
        return allows(self.policy, "Ingress", labels_of_namespace(namespace, extra), pod, port)

    def to(self, namespace, pod, port, protocol="TCP"):
        return allows(self.policy, "Egress", labels_of_namespace(namespace), pod, port, protocol)

    def test_names_can_be_resolved(self):
        for protocol in ("UDP", "TCP"):
            self.assertTrue(self.to("kube-system", {"k8s-app": "kube-dns"}, 53, protocol))

    def test_applications_in_labelled_namespaces_may_send_spans(self):
        for port in (4317, 4318):
            self.assertTrue(self.from_("shop", {}, port, {"betrace.io/ingest": "true"}))
            self.assertFalse(self.from_("shop", {}, port))
        self.assertFalse(self.from_("shop", {}, 12011, {"betrace.io/ingest": "true"}))

    def test_prometheus_grafana_and_the_ingress_reach_the_api(self):
        for namespace in ("observability", "monitoring", "ingress-nginx"):
            self.assertTrue(self.from_(namespace, {}, 12011), namespace)
        self.assertFalse(self.from_("elsewhere", {"app": "grafana"}, 12011))

    def test_jobs_and_replicas_of_the_own_namespace_reach_the_api(self):
        for app in ("betrace-backup", "betrace-restore", "betrace-backend"):
            self.assertTrue(self.from_("betrace", {"app": app}, 12011), app)
        self.assertTrue(self.to("betrace", {"app": "betrace-backend"}, 12011))

    def test_the_tracing_backend_can_be_reached_and_nothing_else(self):
        self.assertTrue(self.to("observability", {"app": "tempo"}, 4317))
        self.assertFalse(self.to("observability", {"app": "tempo"}, 80))
        self.assertFalse(self.to("elsewhere", {}, 4317))


class SchemaTest(unittest.TestCase):
    @needs_kubernetes_schemas()
    def test_the_manifests_are_valid_in_the_oldest_and_the_newest_kubernetes(self):
        checked, problems = check_kubernetes(documents_of(*EVERYTHING, SECRETS))
        self.assertEqual(problems, [])
        self.assertGreater(checked, 20)

    @needs_kubernetes_schemas()
    def test_a_member_that_kubernetes_does_not_know_is_found(self):
        things = documents_of(BETRACE)
        one(things, "Deployment")["spec"]["replica"] = 3
        self.assertEqual(len(check_kubernetes(things)[1]), 2)


@needs_custom_resource_models()
class CustomResourceTest(unittest.TestCase):
    """Types, required members and enumerations; unknown members are not found."""

    def test_the_custom_resources_are_valid(self):
        things = [thing for thing in documents_of(BETRACE, KUBERNETES / "options")
                  if thing["kind"] in ("ServiceMonitor", "Certificate", "ExternalSecret")]
        self.assertEqual(check_custom_resources(things), [""] * 4)
        rules = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r"},
                 "spec": documents_of(DEPLOY / "prometheus/alert-rules.yaml")[0]}
        self.assertEqual(check_custom_resources([rules]), [""])

    def test_a_missing_key_is_found(self):
        thing = one(documents_of(OPERATED_SECRETS), "ExternalSecret")
        del thing["spec"]["data"][0]["remoteRef"]["key"]
        self.assertIn("must have required property key", check_custom_resources([thing])[0])


class ElasticContainerServiceTest(unittest.TestCase):
    def setUp(self):
        self.task = json.loads((DEPLOY / "ecs/task-definition.json").read_text())
        self.container = self.task["containerDefinitions"][0]

    @needs_ecs_model()
    def test_the_task_can_be_registered(self):
        self.assertEqual(check_task_definition(self.task), [])

    @needs_ecs_model()
    def test_what_the_service_does_not_know_is_found(self):
        self.container["healthcheck"] = self.container.pop("healthCheck")
        self.task["networkMode"] = "vpc"
        self.container["essential"] = "true"
        del self.container["portMappings"][0]["containerPort"]
        self.assertEqual(len(check_task_definition(self.task)), 3)

    def test_names_of_resources_have_accounts_of_twelve_digits(self):
        for path in (DEPLOY / "ecs").glob("*.json"):
            for account in re.findall(r"arn:aws:[a-z-]+:[a-z0-9-]*:(\d*):", path.read_text()):
                self.assertEqual(len(account), 12, path)

    def test_processors_and_memory_are_a_pair_that_fargate_has(self):
        allowed = {"512": range(1024, 4097, 1024), "1024": range(2048, 8193, 1024),
                   "2048": range(4096, 16385, 1024), "4096": range(8192, 30721, 1024)}
        self.assertIn(int(self.task["memory"]), allowed[self.task["cpu"]])

    def test_rules_and_state_outlive_the_container(self):
        mounts = {mount["containerPath"]: mount["sourceVolume"] for mount in self.container["mountPoints"]}
        values = {entry["name"]: entry["value"] for entry in self.container["environment"]}
        volumes = {volume["name"]: volume for volume in self.task["volumes"]}
        rules = volumes[mounts[values["BETRACE_STORAGE_PATH"]]]
        self.assertIn("efsVolumeConfiguration", rules)
        self.assertNotIn("efsVolumeConfiguration", volumes[mounts[values["BETRACE_STATE_PATH"]]])

    def test_all_three_doors_are_open_and_health_is_asked(self):
        ports = [port["containerPort"] for port in self.container["portMappings"]]
        self.assertEqual(ports, [12011, 4317, 4318])
        self.assertEqual(self.container["healthCheck"]["command"], ["CMD", "betrace", "healthcheck"])

    def test_the_secrets_may_be_read(self):
        policy = json.loads((DEPLOY / "ecs/execution-role-policy.json").read_text())
        allowed = policy["Statement"][0]
        self.assertEqual(allowed["Action"], "secretsmanager:GetSecretValue")
        for secret in self.container["secrets"]:
            self.assertTrue(secret["valueFrom"].startswith(allowed["Resource"].rstrip("*")))


class ComposeTest(unittest.TestCase):
    FILES = ("docker-compose.yml", "docker-compose.scaled.yml")

    def read(self, name):
        return yaml.safe_load((DEPLOY / "compose" / name).read_text())

    @needs_compose_schema()
    def test_the_files_are_valid_by_the_schema_of_compose(self):
        self.assertEqual(check_compose([self.read(name) for name in self.FILES]), [[], []])
        broken = self.read(self.FILES[0])
        broken["services"]["betrace-backend"]["volume"] = []
        self.assertEqual(len(check_compose([broken])[0]), 1)

    def test_named_volumes_and_files_exist(self):
        for name in self.FILES:
            compose = self.read(name)
            for service in compose["services"].values():
                for mount in service.get("volumes", []):
                    source = mount.split(":")[0]
                    if source.startswith("."):
                        self.assertTrue((DEPLOY / "compose" / source).exists(), source)
                    elif not source.startswith("/"):
                        self.assertIn(source, compose["volumes"], source)

    def test_what_is_scaled_has_no_port_and_no_name_of_its_own(self):
        service = self.read("docker-compose.scaled.yml")["services"]["betrace-backend"]
        self.assertNotIn("ports", service)
        self.assertNotIn("container_name", service)
        self.assertIn("/data/state", service["volumes"])

    def test_health_is_asked_of_the_program(self):
        for name in self.FILES:
            check = self.read(name)["services"]["betrace-backend"]["healthcheck"]["test"]
            self.assertEqual(check, ["CMD", "betrace", "healthcheck"])

    def test_ports_are_open_to_this_machine_alone(self):
        for name in self.FILES:
            for service in self.read(name)["services"].values():
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_the_container_has_time_to_drain(self):
        for name in self.FILES:
            grace = self.read(name)["services"]["betrace-backend"]["stop_grace_period"]
            self.assertGreater(int(grace.rstrip("s")), 25)


if __name__ == "__main__":
    unittest.main()
