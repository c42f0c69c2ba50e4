"""Are Compose files valid by the schema that Compose itself reads them with?"""

import json
import subprocess
import unittest

from documents import TOOLS

SCHEMA = TOOLS / "compose/compose_spec.json"
# The Python that brings a validator of JSON Schema.
PYTHON = TOOLS / "schemathesis/bin/python"
SCRIPT = """
import json, sys
import jsonschema_rs
schema, things = json.load(sys.stdin)
validator = jsonschema_rs.validator_for(schema)
print(json.dumps([[error.message for error in validator.iter_errors(thing)] for thing in things]))
"""


def needs_compose_schema():
    return unittest.skipUnless(SCHEMA.exists() and PYTHON.exists(),
                               "SKIPPED: no schema of Compose in build/tools (tools/setup --ci)")


def check_compose(things):
    """What is wrong, a list for each document. The member `name` is younger than the schema and left out."""
    things = [{key: value for key, value in thing.items() if key != "name"} for thing in things]
    done = subprocess.run([PYTHON, "-c", SCRIPT], input=json.dumps([json.loads(SCHEMA.read_text()), things]),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)
