// Sends a checkout with a large payment and no fraud check by the OpenTelemetry SDK for Go, and prints its ids.
//
// Usage: send_checkout grpc|http/protobuf ENDPOINT [HEADER=VALUE]
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func newExporter(ctx context.Context, form, endpoint string, headers map[string]string) (*otlptrace.Exporter, error) {
	if form == "grpc" {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint), otlptracegrpc.WithHeaders(headers),
			otlptracegrpc.WithCompressor("gzip"))
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
}

func main() {
	ctx := context.Background()
	headers := map[string]string{}
	if len(os.Args) > 3 && os.Args[3] != "" {
		name, value, _ := strings.Cut(os.Args[3], "=")
		headers[name] = value
	}
	exporter, err := newExporter(ctx, os.Args[1], os.Args[2], headers)
	if err != nil {
		log.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "checkout"))))
	tracer := provider.Tracer("shop", trace.WithInstrumentationVersion("1.0.0"))
	ctx, root := tracer.Start(ctx, "POST /checkout", trace.WithSpanKind(trace.SpanKindServer))
	_, charge := tracer.Start(ctx, "payment.charge",
		trace.WithAttributes(attribute.Int("amount", 1500), attribute.String("currency", "EUR")))
	charge.End()
	root.End()
	if err := provider.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	ids, _ := json.Marshal(map[string]string{"trace": root.SpanContext().TraceID().String(),
		"charge": charge.SpanContext().SpanID().String(), "version": sdk.Version()})
	fmt.Println(string(ids))
}
