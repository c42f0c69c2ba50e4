"""What the tests of deploy/ read: its documents, the catalogue of metrics, and tools that may be missing."""

import copy
import functools
import os
import pathlib
import re
import shutil
import sys
import unittest

try:
    import yaml
except ImportError:  # a Python of its own beside the distribution's: take the distribution's module
    sys.path.append("/usr/lib/python3/dist-packages")
    import yaml

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = PROJECT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PROGRAM = PROJECT / "build" / "betrace"
TOOLS = PROJECT / "build" / "tools"


@functools.cache
def read(file):
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def documents_of(*paths):
    """All YAML documents of files, and of the files in folders."""
    found = []
    for path in paths:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            found += read(file)
    return copy.deepcopy(found)


def tool(name):
    """The path of a tool, or nothing."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:{TOOLS / 'bin'}")


def needs_tool(name, package):
    return unittest.skipUnless(tool(name), f"SKIPPED: {name} is not installed ({package})")


def needs_program():
    return unittest.skipUnless(PROGRAM.exists(), "SKIPPED: there is no build/betrace; run make build")


def metric_catalogue():
    """name -> {label: set of its values, empty when it has any}, from the page that the program prints."""
    catalogue = {}
    page = (PROJECT / "docs/guide/metrics.md").read_text()
    for name, kind, labels in re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \| (.*?) \|", page, re.M):
        found = {}
        for part in labels.split("; ") if labels != "-" else []:
            label, *values = re.findall(r"`([^`]+)`", part)
            found[label] = set(values)
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            catalogue[name + suffix] = found | ({"le": set()} if suffix == "_bucket" else {})
    return catalogue
