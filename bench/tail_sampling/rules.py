"""Ten rules that both can say: as a policy of the Collector's tail sampling, and as a rule of BeTrace.

A policy asks whether any span of the trace fits; the parts of an `and` may be met by different spans.
"""

INT_MAX = 2**63 - 1


def has(condition):
    return f"trace.has({condition})"


def text(key, *values):
    return ({"type": "string_attribute", "string_attribute": {"key": key, "values": list(values)}},
            has(" or ".join(f'span.attributes["{key}"] == "{value}"' for value in values)))


def number(key, least, most=INT_MAX):
    upper = f' and span.attributes["{key}"] <= {most}' if most != INT_MAX else ""
    return ({"type": "numeric_attribute", "numeric_attribute": {"key": key, "min_value": least, "max_value": most}},
            has(f'span.attributes["{key}"] >= {least}{upper}'))


def true(key):
    return ({"type": "boolean_attribute", "boolean_attribute": {"key": key, "value": True}},
            has(f'span.attributes["{key}"] == true'))


def failed():
    return ({"type": "status_code", "status_code": {"status_codes": ["ERROR"]}}, has('span.status == "error"'))


def slow(milliseconds):
    return ({"type": "latency", "latency": {"threshold_ms": milliseconds}}, f"trace.duration > {milliseconds}ms")


def both(first, second):
    parts = [{"name": f"part-{index}"} | policy for index, (policy, _) in enumerate((first, second))]
    return ({"type": "and", "and": {"and_sub_policy": parts}}, f"{first[1]} and {second[1]}")


RULES = {
    "failed": failed(),
    "by-admin": text("user.type", "admin"),
    "closed-region": text("cloud.region", "eu-north-9", "us-gov-1"),
    "server-error": number("http.response.status_code", 500, 599),
    "large-order": number("order.total", 1000),
    "debug-on": true("debug"),
    "slow": slow(5000),
    "test-money": both(text("currency", "XTS"), number("order.items", 100)),
    "failed-card": both(failed(), text("payment.method", "card")),
    "slow-import": both(slow(5000), text("job.kind", "import")),
}

# What is done to spans of a trace -> the rules that it then violates. A span is {attribute: value}; "!status" and
# "!seconds" are the status code and how long the span lasts. Each edit goes to another span.
BROKEN = [
    ([{"!status": 2}], {"failed"}),
    ([{"user.type": "admin"}], {"by-admin"}),
    ([{"cloud.region": "us-gov-1"}], {"closed-region"}),
    ([{"http.response.status_code": 503}], {"server-error"}),
    ([{"order.total": 1000}], {"large-order"}),
    ([{"debug": True}], {"debug-on"}),
    ([{"!seconds": 6}], {"slow"}),
    ([{"currency": "XTS"}, {"order.items": 100}], {"test-money"}),
    ([{"!status": 2}, {"payment.method": "card"}], {"failed", "failed-card"}),
    ([{"!seconds": 6}, {"job.kind": "import"}], {"slow", "slow-import"}),
]
NEARLY_BROKEN = [
    [{"!status": 1}], [{"user.type": "administrator"}], [{"cloud.region": "eu-north-1"}],
    [{"http.response.status_code": 499}], [{"order.total": 999}], [{"debug": False}], [{"!seconds": 4}],
    [{"currency": "XTS"}, {"order.items": 99}], [{"!status": 1}, {"payment.method": "card"}],
    [{"!seconds": 4}, {"job.kind": "import"}],
]


def policies():
    """The rules as policies of the processor `tail_sampling`."""
    return [{"name": name} | policy for name, (policy, _) in RULES.items()]


def betrace_rules():
    """The rules as a file for `betrace serve --rules-bootstrap-file`."""
    return {"rules": [{"id": name, "name": name, "severity": "HIGH", "expression": expression}
                      for name, (_, expression) in RULES.items()]}
