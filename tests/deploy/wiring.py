"""Finds what does not fit together in a set of Kubernetes objects: names that nobody has, selectors that match nothing."""

# What operators and the operator's own commands make, besides the objects themselves.
MADE_BY = {
    "ExternalSecret": lambda it: ("Secret", it["spec"]["target"]["name"],
                                  [entry["secretKey"] for entry in it["spec"]["data"]]),
    "Certificate": lambda it: ("Secret", it["spec"]["secretName"], ["tls.crt", "tls.key"]),
}
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


def namespace_of(thing):
    return thing["metadata"].get("namespace")


def pod_of(thing):
    spec = thing["spec"]
    if thing["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]


def containers_of(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


class Wiring:
    def __init__(self, things):
        self.things = things
        self.found = []
        self.keys = {}  # (kind, namespace, name) -> keys of a Secret or ConfigMap
        for thing in things:
            self._note_keys(thing)
        self.pods = [(thing, pod_of(thing)) for thing in things if thing["kind"] in WORKLOADS]

    def _note_keys(self, thing):
        if thing["kind"] in ("Secret", "ConfigMap"):
            keys = list(thing.get("data", {})) + list(thing.get("stringData", {}))
            self.keys[thing["kind"], namespace_of(thing), thing["metadata"]["name"]] = keys
        elif thing["kind"] in MADE_BY:
            kind, name, keys = MADE_BY[thing["kind"]](thing)
            self.keys[kind, namespace_of(thing), name] = keys

    def of_kind(self, *kinds):
        return [thing for thing in self.things if thing["kind"] in kinds]

    def has(self, kind, thing, name):
        return any(other["metadata"].get("name") == name and namespace_of(other) == namespace_of(thing)
                   for other in self.of_kind(kind))

    def say(self, thing, text):
        name = thing["metadata"].get("name") or thing["metadata"]["generateName"]
        self.found.append(f"{thing['kind']} {name}: {text}")

    def problems(self):
        self._check_names()
        for thing, pod in self.pods:
            self._check_pod(thing, pod)
        for service in self.of_kind("Service"):
            self._check_service(service)
        for monitor in self.of_kind("ServiceMonitor"):
            self._check_monitor(monitor)
        for ingress in self.of_kind("Ingress"):
            self._check_ingress(ingress)
        for scaler in self.of_kind("HorizontalPodAutoscaler"):
            target = scaler["spec"]["scaleTargetRef"]
            if not self.has(target["kind"], scaler, target["name"]):
                self.say(scaler, f"there is no {target['kind']} {target['name']}")
        for policy in self.of_kind("PodDisruptionBudget"):
            self._check_selects_pods(policy, policy["spec"]["selector"]["matchLabels"])
        for policy in self.of_kind("NetworkPolicy"):
            self._check_selects_pods(policy, policy["spec"]["podSelector"]["matchLabels"])
        return self.found

    def _check_names(self):
        seen = set()
        for thing in self.things:
            name = thing["metadata"].get("name")
            key = (thing["kind"], namespace_of(thing), name)
            if name and key in seen:
                self.say(thing, "is there twice")
            seen.add(key)
            if namespace_of(thing) is None and thing["kind"] != "Namespace":
                self.say(thing, "has no namespace")

    def _check_selects_pods(self, thing, selector):
        chosen = [pod for owner, pod in self.pods if namespace_of(owner) == namespace_of(thing)
                  and matches(selector, pod["metadata"]["labels"])]
        if not chosen:
            self.say(thing, f"no pod has the labels {selector}")
        return chosen

    def _check_service(self, service):
        for pod in self._check_selects_pods(service, service["spec"]["selector"]):
            ports = {port.get("name"): port["containerPort"] for container in pod["spec"]["containers"]
                     for port in container.get("ports", [])}
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                if target not in ports and target not in ports.values():
                    self.say(service, f"no container has the port {target}")

    def _check_monitor(self, monitor):
        selector = monitor["spec"]["selector"]["matchLabels"]
        chosen = [service for service in self.of_kind("Service")
                  if matches(selector, service["metadata"].get("labels", {}))]
        if len(chosen) != 1:
            self.say(monitor, f"{len(chosen)} Services have the labels {selector}, not one")
        for service in chosen:
            names = [port.get("name") for port in service["spec"]["ports"]]
            for endpoint in monitor["spec"]["endpoints"]:
                if endpoint["port"] not in names:
                    self.say(monitor, f"the Service has no port {endpoint['port']}")

    def _check_ingress(self, ingress):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                wanted = path["backend"]["service"]
                ports = [port for service in self.of_kind("Service")
                         if service["metadata"]["name"] == wanted["name"] for port in service["spec"]["ports"]]
                if not any(port.get("name") == wanted["port"].get("name") or
                           port["port"] == wanted["port"].get("number") for port in ports):
                    self.say(ingress, f"no Service {wanted['name']} has the port {wanted['port']}")
        for tls in ingress["spec"].get("tls", []):
            if ("Secret", namespace_of(ingress), tls["secretName"]) not in self.keys:
                self.say(ingress, f"nobody makes the Secret {tls['secretName']}")

    def _check_pod(self, thing, pod):
        account = pod["spec"].get("serviceAccountName")
        if account and not self.has("ServiceAccount", thing, account):
            self.say(thing, f"there is no ServiceAccount {account}")
        if "selector" in thing["spec"] and not matches(thing["spec"]["selector"]["matchLabels"],
                                                       pod["metadata"]["labels"]):
            self.say(thing, "its selector does not match its pods")
        if thing["kind"] == "StatefulSet" and not self.has("Service", thing, thing["spec"]["serviceName"]):
            self.say(thing, f"there is no Service {thing['spec']['serviceName']}")
        volumes = self._check_volumes(thing, pod)
        for container in containers_of(pod):
            self._check_container(thing, container, volumes)

    def _check_volumes(self, thing, pod):
        names = {template["metadata"]["name"] for template in thing["spec"].get("volumeClaimTemplates", [])}
        for volume in pod["spec"].get("volumes", []):
            names.add(volume["name"])
            if "persistentVolumeClaim" in volume:
                self._check_claim(thing, pod, volume["persistentVolumeClaim"]["claimName"])
            if "configMap" in volume and not self.has("ConfigMap", thing, volume["configMap"]["name"]):
                self.say(thing, f"there is no ConfigMap {volume['configMap']['name']}")
        return names

    def _check_claim(self, thing, pod, name):
        claims = [claim for claim in self.of_kind("PersistentVolumeClaim")
                  if claim["metadata"]["name"] == name and namespace_of(claim) == namespace_of(thing)]
        if not claims:
            self.say(thing, f"there is no claim {name}")
        one_node = "nodeSelector" in pod["spec"]
        for claim in claims:
            if (claim["spec"]["accessModes"] == ["ReadWriteOnce"] and not one_node
                    and thing["spec"].get("replicas", 1) > 1):
                self.say(thing, f"the claim {name} is ReadWriteOnce, and the replicas are more than one")

    def _check_container(self, thing, container, volumes):
        for variable in container.get("env", []):
            for kind, key in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                wanted = variable.get("valueFrom", {}).get(key)
                if wanted and wanted["key"] not in self.keys.get(
                        (kind, namespace_of(thing), wanted["name"]), []):
                    self.say(thing, f"no {kind} {wanted['name']} has the key {wanted['key']}")
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                self.say(thing, f"there is no volume {mount['name']}")
        ports = {port["name"] for port in container.get("ports", []) if "name" in port}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            port = container.get(probe, {}).get("httpGet", {}).get("port")
            if isinstance(port, str) and port not in ports:
                self.say(thing, f"the {probe} asks for the port {port}, which nobody names")
