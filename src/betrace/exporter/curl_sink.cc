#include "betrace/exporter/curl_sink.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <list>
#include <mutex>
#include <string_view>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/base/version.h"
#include "betrace/http/gzip.h"
#include "betrace/http/message_frame.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct CloseMulti {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, CloseEasy>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// One request and what has come of its answer.
struct Exchange {
  std::uint64_t id = 0;
  std::string body;
  http::Response reply;
  HeaderList headers;
  std::size_t header_bytes = 0;
  bool is_too_large = false;
  EasyHandle handle{curl_easy_init()};
};

HeaderList header_list(const std::vector<std::string>& lines) {
  HeaderList list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    BETRACE_CHECK(longer != nullptr);
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  if (exchange->reply.body.size() + size > kAnswerBytesMax) {
    exchange->is_too_large = true;
    return 0;
  }
  exchange->reply.body.append(bytes, size);
  return size;
}

// Lines of heads and trailers alike. A further head, after 100 Continue, replaces the one before.
std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  exchange->header_bytes += size;
  if (exchange->header_bytes > kAnswerBytesMax) {
    exchange->is_too_large = true;
    return 0;
  }
  std::string_view line(bytes, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    exchange->reply.headers.clear();
  } else if (colon != std::string_view::npos) {
    exchange->reply.headers.add(line.substr(0, colon), http::trimmed(line.substr(colon + 1)));
  }
  return size;
}

// A fault between us and the sink; all but those of TLS may pass by themselves.
SinkOutcome transport_outcome(CURLcode code, bool is_too_large) {
  SinkOutcome outcome{SinkVerdict::Later, "connect", "", std::nullopt};
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      outcome.reason = "timeout";
      outcome.message = "no answer in time";
      return outcome;
    case CURLE_COULDNT_CONNECT:
      outcome.message = "connection refused";
      return outcome;
    case CURLE_COULDNT_RESOLVE_HOST:
      outcome.message = "the host name cannot be resolved";
      return outcome;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
      outcome.reason = "tls";
      break;
    default:
      if (is_too_large) {
        outcome.reason = "unavailable";
        outcome.message = fmt::format("the answer is over {} bytes", kAnswerBytesMax);
        return outcome;
      }
  }
  outcome.message = curl_easy_strerror(code);
  return outcome;
}

/// Owned by one thread, but for wake().
class CurlSink : public Sink {
 public:
  explicit CurlSink(CurlSinkOptions options)
      : options_(std::move(options)), multi_(curl_multi_init()) {}

  ~CurlSink() override {
    for (const Exchange& each : exchanges_)
      curl_multi_remove_handle(multi_.get(), each.handle.get());
  }

  [[nodiscard]] Result<void> prepare() {
    if (multi_ == nullptr) return fail(ErrorCode::Internal, "libcurl cannot be set up");
    lines_ = {"User-Agent: betrace/" + std::string(version()), "Expect:"};
    switch (options_.protocol) {
      case Protocol::Grpc:
        lines_.insert(lines_.end(), {"Content-Type: application/grpc", "TE: trailers"});
        break;
      case Protocol::HttpProtobuf:
        lines_.push_back("Content-Type: application/x-protobuf");
        break;
      case Protocol::Json:
        lines_.push_back("Content-Type: application/json");
        break;
    }
    if (options_.is_compressed) {
      lines_.push_back(is_grpc() ? "grpc-encoding: gzip" : "Content-Encoding: gzip");
    }
    for (const auto& [name, value] : options_.headers) {
      // A header without a value is written with a semicolon.
      lines_.push_back(value.empty() ? name + ";" : name + ": " + value);
    }
    return {};
  }

  void send(std::uint64_t id, std::string request) override {
    Exchange& exchange = exchanges_.emplace_back();
    BETRACE_CHECK(exchange.handle != nullptr);
    exchange.id = id;
    exchange.body = options_.is_compressed ? http::gzip(request, 1) : std::move(request);
    if (is_grpc()) exchange.body = http::message_frame(exchange.body, options_.is_compressed);
    exchange.headers = header_list(lines_of(exchange.body));
    set_up(&exchange);
    BETRACE_CHECK(curl_multi_add_handle(multi_.get(), exchange.handle.get()) == CURLM_OK);
  }

  [[nodiscard]] std::vector<SinkAnswer> wait(milliseconds wait) override {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    std::vector<SinkAnswer> answers = take_answers();
    if (!answers.empty()) return answers;
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    curl_multi_perform(multi_.get(), &running);
    return take_answers();
  }

  void wake() override { curl_multi_wakeup(multi_.get()); }

 private:
  [[nodiscard]] std::vector<std::string> lines_of(std::string_view body) const {
    std::vector<std::string> lines = lines_;
    if (options_.signature_key.empty()) return lines;
    const Sha256 digest = hmac_sha256(options_.signature_key, body);
    lines.push_back("X-Betrace-Signature: " + to_hex(digest));
    return lines;
  }

  [[nodiscard]] bool is_grpc() const { return options_.protocol == Protocol::Grpc; }

  void set_up(Exchange* exchange) {
    CURL* const handle = exchange->handle.get();
    const auto set = [handle](CURLoption option, auto value) {
      BETRACE_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
    };
    set(CURLOPT_URL, options_.endpoint.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, http_version());
    set(CURLOPT_HTTPHEADER, exchange->headers.get());
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, exchange->body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange->body.size()));
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(exchange));
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(exchange));
    set(CURLOPT_PRIVATE, static_cast<void*>(exchange));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    set(CURLOPT_NOSIGNAL, 1L);
    if (options_.endpoint.is_tls) {
      set_up_tls(handle);
    } else {
      // A proxy of the environment may tunnel TLS, but shall not see what is sent plain.
      set(CURLOPT_PROXY, "");
      // libcurl 7.88 cannot use a connection twice that began with HTTP/2 in clear text.
      if (is_grpc()) {
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
      }
    }
  }

  void set_up_tls(CURL* handle) const {
    const auto set = [handle](CURLoption option, auto value) {
      BETRACE_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
    };
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.certificate.empty()) set(CURLOPT_CAINFO, options_.certificate.c_str());
    if (options_.client_certificate.empty()) return;
    set(CURLOPT_SSLCERT, options_.client_certificate.c_str());
    set(CURLOPT_SSLKEY, options_.client_key.c_str());
  }

  [[nodiscard]] long http_version() const {
    if (!is_grpc()) return CURL_HTTP_VERSION_1_1;
    return options_.endpoint.is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  }

  std::vector<SinkAnswer> take_answers() {
    std::vector<SinkAnswer> answers;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* const handle = message->easy_handle;
      Exchange* exchange = nullptr;
      curl_easy_getinfo(handle, CURLINFO_PRIVATE, &exchange);
      answers.push_back({exchange->id, outcome_of(exchange, code)});
      curl_multi_remove_handle(multi_.get(), handle);
      exchanges_.remove_if([exchange](const Exchange& each) { return &each == exchange; });
    }
    return answers;
  }

  SinkOutcome outcome_of(Exchange* exchange, CURLcode code) const {
    // A call is over with its status, however its stream ends after that.
    const bool is_over = is_grpc() && exchange->reply.headers.contains("grpc-status");
    if (code != CURLE_OK && !(code == CURLE_HTTP2_STREAM && is_over)) {
      return transport_outcome(code, exchange->is_too_large);
    }
    long status = 0;
    curl_easy_getinfo(exchange->handle.get(), CURLINFO_RESPONSE_CODE, &status);
    exchange->reply.status = static_cast<int>(status);
    const UnixNanos now = options_.clock().wall;
    switch (options_.protocol) {
      case Protocol::Grpc:
        return grpc_outcome(exchange->reply, now);
      case Protocol::HttpProtobuf:
        return http_outcome(exchange->reply, now);
      case Protocol::Json:
        return notice_outcome(exchange->reply, now);
    }
    return {};
  }

  const CurlSinkOptions options_;
  std::unique_ptr<CURLM, CloseMulti> multi_;
  std::vector<std::string> lines_;  // of the head of each request
  std::list<Exchange> exchanges_;   // under way; libcurl points into them
};

}  // namespace

Result<std::unique_ptr<Sink>> make_curl_sink(CurlSinkOptions options) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) return fail(ErrorCode::Internal, curl_easy_strerror(kReady));
  auto sink = std::make_unique<CurlSink>(std::move(options));
  if (auto prepared = sink->prepare(); !prepared) return fail(prepared.error());
  return sink;
}

}  // namespace betrace::exporter
