"""Is a request valid to the service of a cloud, by the model of that service? Unknown members are errors."""

import json
import re
import unittest

from documents import TOOLS

ECS = TOOLS / "cloud/ecs.json"
TYPES = {"string": str, "boolean": bool, "integer": int, "long": int, "double": (int, float), "list": list, "map": dict,
         "structure": dict}


def needs_ecs_model():
    return unittest.skipUnless(ECS.exists(), "SKIPPED: no model of ECS in build/tools (tools/setup --ci)")


def problems(shapes, name, value, where="request"):
    """What is wrong with a value of the shape `name`, one text each."""
    shape = shapes[name]
    kind = TYPES[shape["type"]]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return [f"{where}: {value!r} is no {shape['type']}"]
    found = []
    if shape["type"] == "structure":
        found += [f"{where}: {member} is missing" for member in shape.get("required", []) if member not in value]
        for member, inner in value.items():
            known = shape["members"].get(member)
            found += (problems(shapes, known["shape"], inner, f"{where}.{member}") if known
                      else [f"{where}: {member} is not known"])
    elif shape["type"] == "list":
        for index, inner in enumerate(value):
            found += problems(shapes, shape["member"]["shape"], inner, f"{where}[{index}]")
    elif shape["type"] == "map":
        for key, inner in value.items():
            found += problems(shapes, shape["value"]["shape"], inner, f"{where}.{key}")
    elif value not in shape.get("enum", [value]):
        found.append(f"{where}: {value!r} is none of {shape['enum']}")
    elif "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        found.append(f"{where}: {value!r} does not fit {shape['pattern']}")
    return found


def check_task_definition(task):
    return problems(json.loads(ECS.read_text())["shapes"], "RegisterTaskDefinitionRequest", task)
