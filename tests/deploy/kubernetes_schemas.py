"""Are objects valid in the oldest and the newest Kubernetes, and to the operators whose resources they are?"""

import json
import pathlib
import subprocess
import unittest

from documents import TOOLS, tool
from json_schema import Schema

VERSIONS = sorted((TOOLS / "kubernetes").glob("*.json"))
MODELS = TOOLS / "models"
CUSTOM_KINDS = {"ServiceMonitor", "PrometheusRule", "Certificate", "ExternalSecret"}


def needs_kubernetes_schemas():
    return unittest.skipUnless(len(VERSIONS) == 2, "SKIPPED: no schemas of Kubernetes in build/tools (tools/setup --ci)")


def needs_custom_resource_models():
    return unittest.skipUnless((MODELS / "node_modules").exists() and tool("node"),
                               "SKIPPED: no models of custom resources in build/tools (tools/setup --ci)")


def check_kubernetes(things):
    """Returns (how many objects were checked over all versions, problems). Custom resources are left out."""
    checked, found = 0, []
    for version in VERSIONS:
        document = json.loads(version.read_text())
        definitions = document.get("$defs") or document["definitions"]
        by_kind = {(kind["group"], kind["version"], kind["kind"]): name
                   for name, schema in definitions.items()
                   for kind in schema.get("x-kubernetes-group-version-kind", [])}
        for thing in things:
            group, _, name = thing["apiVersion"].rpartition("/")
            if "." in group and not group.endswith(".k8s.io"):
                continue
            schema = Schema({"$ref": "/" + by_kind[group, name, thing["kind"]]}, definitions)
            found += [f"{version.stem} {thing['kind']}: {problem}" for problem in schema.problems(thing)]
            checked += 1
    return checked, found


def check_custom_resources(things):
    """Returns a text for each object, empty where it is valid."""
    done = subprocess.run(["node", pathlib.Path(__file__).parent / "custom_resources.mjs", MODELS],
                          input=json.dumps(things), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)
