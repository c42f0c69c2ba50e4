"""Requests of OTLP in protobuf, and which rule each of their traces violates by construction.

20 spans a trace in two requests, the root in the second; 56 traces are interleaved. One trace in a hundred is broken,
one nearly so. Every span has ten attributes.
"""

import random
import struct
import time

from rules import BROKEN, NEARLY_BROKEN

SPANS_PER_TRACE = 20
TRACES_PER_REQUEST = 56
ORDINARY = {
    "http.request.method": "POST", "url.path": "/api/v1/checkout/orders/confirm", "server.address": "checkout-7.shop.example",
    "http.response.status_code": 200, "user.type": "customer", "cloud.region": "eu-central-1", "order.total": 40,
    "currency": "EUR", "network.protocol.version": "1.1", "thread.name": "http-worker-14",
}
NAMES = ("POST /checkout", "cart.read", "stock.reserve", "payment.charge", "mail.queue")


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, payload):
    """A field of bytes, text or a message."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def value_of(value):
    if isinstance(value, bool):
        return b"\x10" + varint(value)
    return b"\x18" + varint(value) if isinstance(value, int) else field(1, value.encode())


def attribute(number, key, value):
    return field(number, field(1, key.encode()) + field(2, value_of(value)))


def attributes_of(edit):
    values = ORDINARY | {key: value for key, value in edit.items() if not key.startswith("!")}
    return b"".join(attribute(9, key, value) for key, value in values.items())


ORDINARY_BYTES = attributes_of({})


def span_bytes(trace_id, index, name, begin, edit):
    """Span `index` of a trace; 0 is the root, of which all others are children."""
    end = begin + int(edit.get("!seconds", 0.2) * 1e9)
    span_id = trace_id[:7] + bytes([index + 1])
    parent = b"" if index == 0 else field(4, trace_id[:7] + b"\x01")
    return (field(1, trace_id) + field(2, span_id) + parent + field(5, name.encode()) + b"\x30\x02"
            + b"\x39" + struct.pack("<Q", begin) + b"\x41" + struct.pack("<Q", end)
            + (attributes_of(edit) if edit else ORDINARY_BYTES)
            + field(15, b"\x18" + varint(edit.get("!status", 0))))


def request_bytes(spans):
    resource = attribute(1, "service.name", "checkout") + attribute(1, "service.version", "4.1.7")
    scope_spans = field(1, field(1, b"shop.tracing")) + b"".join(field(2, span) for span in spans)
    return field(1, field(1, resource) + field(2, scope_spans))


class Load:
    """All requests in their order, and the expected pairs of rule and trace."""

    def __init__(self, spans, seed):
        source = random.Random(seed)
        self.expected = set()
        self.requests = []
        self.traces = spans // SPANS_PER_TRACE
        self.spans = self.traces * SPANS_PER_TRACE
        begin = time.time_ns()
        for first in range(0, self.traces, TRACES_PER_REQUEST):
            traces = [self.make_trace(source, begin) for _ in range(min(TRACES_PER_REQUEST, self.traces - first))]
            for part in (slice(SPANS_PER_TRACE // 2, None), slice(0, SPANS_PER_TRACE // 2)):
                spans_of_part = [span for trace in traces for span in trace[part]]
                source.shuffle(spans_of_part)
                self.requests.append(request_bytes(spans_of_part))
        self.bytes = sum(map(len, self.requests))

    def make_trace(self, source, begin):
        trace_id = source.randbytes(16)
        dice = source.random()
        edits, broken = [], set()
        if dice < 0.01:
            edits, broken = source.choice(BROKEN)
        elif dice < 0.02:
            edits = source.choice(NEARLY_BROKEN)
        self.expected |= {(rule, trace_id.hex()) for rule in broken}
        places = dict(zip(source.sample(range(SPANS_PER_TRACE), len(edits)), edits))
        return [span_bytes(trace_id, index, NAMES[index % len(NAMES)], begin + index, places.get(index, {}))
                for index in range(SPANS_PER_TRACE)]
