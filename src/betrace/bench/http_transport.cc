#include <fmt/format.h>

#include "betrace/bench/transport.h"
#include "betrace/http/client.h"

namespace betrace::bench {
namespace {

constexpr std::chrono::seconds kTimeout{60};

http::ClientOptions client_options(const Target& target) {
  http::ClientOptions options;
  options.host = target.host;
  options.port = target.port;
  options.timeout = kTimeout;
  return options;
}

// The reply to a request that was taken whole has no field at all.
bool is_whole(std::string_view body) { return body.empty() || body == "{}"; }

class HttpTransport : public Transport {
 public:
  explicit HttpTransport(const TransportOptions& options)
      : client_(client_options(options.target)) {
    headers_.push_back({"Content-Type", options.encoding == Encoding::Protobuf
                                            ? "application/x-protobuf"
                                            : "application/json"});
    if (options.is_gzipped) headers_.push_back({"Content-Encoding", "gzip"});
  }

  Result<Answer> exchange(std::string_view body) override {
    const auto reply = client_.send("POST", kPath, body, headers_);
    if (!reply) return fail(reply.error());
    if (reply->status == 429 || reply->status == 503) return Answer::Refused;
    if (reply->status == 200 && is_whole(reply->body)) return Answer::Accepted;
    return fail(ErrorCode::Corrupt,
                fmt::format("POST {} answered {} with {} bytes: {}", kPath, reply->status,
                            reply->body.size(), reply->body.substr(0, kShownBytes)));
  }

 private:
  static constexpr std::string_view kPath = "/v1/traces";
  static constexpr std::size_t kShownBytes = 200;

  http::Client client_;
  std::vector<http::HeaderView> headers_;
};

}  // namespace

std::unique_ptr<Transport> open_http_transport(const TransportOptions& options) {
  return std::make_unique<HttpTransport>(options);
}

}  // namespace betrace::bench
