"""Sends a checkout with a large payment and no fraud check by the OpenTelemetry SDK for Python, and prints its ids.

Usage: send_checkout.py grpc|http/protobuf|http/json ENDPOINT [HEADER=VALUE] [CERTIFICATE OF THE AUTHORITY]
"""

import importlib.metadata
import json
import sys

import grpc
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind


def exporter_of(form, endpoint, headers, authority):
    if form == "grpc":
        if authority is None:
            return GrpcExporter(endpoint=endpoint, insecure=True, headers=headers)
        with open(authority, "rb") as file:
            return GrpcExporter(endpoint=endpoint, headers=headers,
                                credentials=grpc.ssl_channel_credentials(file.read()))
    kind = ProtobufExporter if form == "http/protobuf" else JsonExporter
    return kind(endpoint=f"{endpoint}/v1/traces", headers=headers, certificate_file=authority)


def main():
    form, endpoint, header, authority = (sys.argv[1:] + ["", ""])[:4]
    name, _, value = header.partition("=")
    provider = TracerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_span_processor(BatchSpanProcessor(
        exporter_of(form, endpoint, {name: value} if name else {}, authority or None)))
    tracer = provider.get_tracer("shop", "1.0.0")
    with tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as root:
        with tracer.start_as_current_span("payment.charge", attributes={"amount": 1500, "currency": "EUR"}) as charge:
            ids = {"trace": f"{root.get_span_context().trace_id:032x}", "charge": f"{charge.get_span_context().span_id:016x}",
                   "version": importlib.metadata.version("opentelemetry-sdk")}
    provider.shutdown()
    print(json.dumps(ids))


if __name__ == "__main__":
    main()
