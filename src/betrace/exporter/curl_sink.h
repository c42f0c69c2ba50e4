// An OTLP receiver over HTTP/1.1 or gRPC, or a receiver of notifications in JSON, plain or with
// TLS, spoken to by libcurl.
//
// The only place that knows libcurl. No redirects; answers are bounded. One try a request: what is
// sent again, and when, is decided by exporter/delivery.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/exporter/endpoint.h"
#include "betrace/exporter/sink.h"

namespace betrace::exporter {

/// An answer with a larger body, or larger headers, is not read to its end.
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024;

struct CurlSinkOptions {
  Endpoint endpoint;
  Protocol protocol = Protocol::Grpc;
  Pairs headers;              ///< Sent with each request. Secret.
  std::string signature_key;  ///< Of `X-Betrace-Signature`, the HMAC of the body; empty: none.
  bool is_compressed = false;
  std::chrono::milliseconds timeout{10'000};  ///< Of a request, from connecting to the answer.
  std::string certificate;                    ///< PEM file of CAs; empty: those of the system.
  std::string client_certificate;             ///< PEM file; empty: none.
  std::string client_key;                     ///< PEM file of its key.
  std::function<Now()> clock = read_clocks;
};

/// Makes a sink; nothing is connected yet. Error Internal: libcurl cannot be set up.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_curl_sink(CurlSinkOptions options);

}  // namespace betrace::exporter
