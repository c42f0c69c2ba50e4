// Sends a checkout with a large payment and no fraud check by the OpenTelemetry SDK for Java, and prints its ids.
//
// Usage: java -cp 'CLASSES:JARS/*' SendCheckout grpc|http/protobuf ENDPOINT [HEADER=VALUE]

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Scope;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;

public class SendCheckout {
  static SpanExporter exporterOf(String form, String endpoint, String header) {
    String[] pair = header.split("=", 2);
    if (form.equals("grpc")) {
      var builder = OtlpGrpcSpanExporter.builder().setEndpoint(endpoint).setCompression("gzip");
      return (pair.length == 2 ? builder.addHeader(pair[0], pair[1]) : builder).build();
    }
    var builder = OtlpHttpSpanExporter.builder().setEndpoint(endpoint + "/v1/traces").setCompression("gzip");
    return (pair.length == 2 ? builder.addHeader(pair[0], pair[1]) : builder).build();
  }

  public static void main(String[] words) {
    var exporter = exporterOf(words[0], words[1], words.length > 2 ? words[2] : "");
    var resource = Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "checkout"));
    var provider = SdkTracerProvider.builder().setResource(resource)
        .addSpanProcessor(BatchSpanProcessor.builder(exporter).build()).build();
    var tracer = provider.get("shop", "1.0.0");
    Span root = tracer.spanBuilder("POST /checkout").setSpanKind(SpanKind.SERVER).startSpan();
    Span charge;
    try (Scope scope = root.makeCurrent()) {
      charge = tracer.spanBuilder("payment.charge").setAttribute("amount", 1500).setAttribute("currency", "EUR")
          .startSpan();
      charge.end();
    }
    root.end();
    provider.close();
    System.out.printf("{\"trace\": \"%s\", \"charge\": \"%s\", \"version\": \"%s\"}%n", root.getSpanContext().getTraceId(),
        charge.getSpanContext().getSpanId(), Resource.getDefault().getAttribute(AttributeKey.stringKey("telemetry.sdk.version")));
  }
}
