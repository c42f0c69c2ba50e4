"""Validates a value by the part of JSON Schema that our schema and those of Kubernetes use.

Unknown keywords are errors, so that nothing is taken for checked that was not.
"""

import re

IGNORED = {"$schema", "description", "definitions", "default", "title"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of(value, kind):
    if kind in ("integer", "number"):
        allowed = int if kind == "integer" else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


class Schema:
    def __init__(self, root, definitions):
        self.root, self.definitions = root, definitions

    def problems(self, value):
        return list(self._walk(value, self.root, "$"))

    def _walk(self, value, schema, where):
        for keyword, wanted in schema.items():
            if keyword in IGNORED or keyword.startswith("x-"):
                continue
            check = getattr(self, "_" + keyword.replace("$", ""), None)
            if check is None:
                raise ValueError(f"{where}: unknown keyword {keyword}")
            yield from check(value, wanted, where, schema)

    def _ref(self, value, wanted, where, _):
        yield from self._walk(value, self.definitions[wanted.rsplit("/", 1)[1]], where)

    def _type(self, value, wanted, where, _):
        kinds = wanted if isinstance(wanted, list) else [wanted]
        if not any(is_of(value, kind) for kind in kinds):
            yield f"{where}: {value!r} is not of type {wanted}"

    def _enum(self, value, wanted, where, _):
        if value not in wanted:
            yield f"{where}: {value!r} is not one of {wanted}"

    def _oneOf(self, value, wanted, where, _):
        if sum(not list(self._walk(value, one, where)) for one in wanted) != 1:
            yield f"{where}: {value!r} fits not exactly one form"

    def _not(self, value, wanted, where, _):
        if not list(self._walk(value, wanted, where)):
            yield f"{where}: {value!r} is what it must not be"

    def _required(self, value, wanted, where, _):
        for name in wanted if isinstance(value, dict) else []:
            if name not in value:
                yield f"{where}: {name} is missing"

    def _properties(self, value, wanted, where, _):
        for name, member in value.items() if isinstance(value, dict) else []:
            if name in wanted:
                yield from self._walk(member, wanted[name], f"{where}.{name}")

    def _additionalProperties(self, value, wanted, where, schema):
        known = schema.get("properties", {})
        for name, member in value.items() if isinstance(value, dict) else []:
            if name in known:
                continue
            if wanted is False:
                yield f"{where}: {name} is unknown"
            elif wanted is not True:
                yield from self._walk(member, wanted, f"{where}.{name}")

    def _propertyNames(self, value, wanted, where, _):
        for name in value:
            yield from self._walk(name, wanted, f"{where}.{name}")

    def _items(self, value, wanted, where, _):
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield from self._walk(item, wanted, f"{where}[{index}]")

    def _pattern(self, value, wanted, where, _):
        if isinstance(value, str) and not re.search(wanted, value):
            yield f"{where}: {value!r} does not fit {wanted}"

    def _minimum(self, value, wanted, where, _):
        if value < wanted:
            yield f"{where}: {value} is below {wanted}"

    def _maximum(self, value, wanted, where, _):
        if value > wanted:
            yield f"{where}: {value} is above {wanted}"

    def _minLength(self, value, wanted, where, _):
        if len(value) < wanted:
            yield f"{where}: {value!r} is too short"

    def _maxLength(self, value, wanted, where, _):
        if len(value) > wanted:
            yield f"{where}: {value!r} is too long"

    def _minItems(self, value, wanted, where, _):
        if len(value) < wanted:
            yield f"{where}: fewer than {wanted} items"

    def _format(self, value, wanted, where, _):
        if wanted == "int-or-string" and not isinstance(value, (int, str)):
            yield f"{where}: {value!r} is neither number nor text"
