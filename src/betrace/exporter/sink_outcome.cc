#include "betrace/exporter/sink_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "betrace/base/base64.h"
#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"
#include "betrace/otlp/export_reply.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kQuotedMax = 128;  // characters of what a sink says

SinkOutcome make(SinkVerdict verdict, std::string_view reason, std::string message) {
  return {verdict, reason, std::move(message), std::nullopt};
}

// Of the words of a sink, as far as they are fit to be shown.
std::string said(std::string head, std::string_view words) {
  return words.empty() ? head : fmt::format("{}: {}", head, quote_excerpt(words, kQuotedMax));
}

SinkOutcome delivered(std::string_view body) {
  const auto partial = otlp::read_export_response(body);
  if (!partial) {
    return make(SinkVerdict::Later, "unavailable", "the answer is not one of an OTLP receiver");
  }
  if (partial->rejected_spans != 0) {
    const std::string head = fmt::format("{} spans rejected", partial->rejected_spans);
    return make(SinkVerdict::Refused, "rejected", said(head, partial->message));
  }
  return make(SinkVerdict::Delivered, "",
              partial->message.empty() ? "" : said("warning", partial->message));
}

bool is_type(const http::Response& reply, std::string_view type) {
  const auto given = reply.headers.find("content-type");
  return given && http::equal_ignoring_case(given->substr(0, type.size()), type);
}

SinkOutcome failed_status(const http::Response& reply, UnixNanos now) {
  const std::string head = fmt::format("HTTP {}", reply.status);
  switch (reply.status) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504: {
      SinkOutcome later = make(SinkVerdict::Later, "unavailable", head);
      if (const auto text = reply.headers.find("retry-after")) {
        later.retry_after = read_retry_after(*text, now);
      }
      return later;
    }
    case 400:
    case 413:
    case 422: {
      const auto status = otlp::read_status(reply.body);
      return make(SinkVerdict::Refused, "rejected", said(head, status ? status->message : ""));
    }
    case 401:
    case 403:
      return make(SinkVerdict::Misconfigured, "auth", head);
    default:
      if (reply.status >= 500) return make(SinkVerdict::Failed, "unavailable", head);
      return make(SinkVerdict::Misconfigured, "rejected", head);
  }
}

// grpc-message is percent-encoded.
std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::array<std::uint8_t, 1> byte{};
    if (text[i] == '%' && i + 2 < text.size() && from_hex(text.substr(i + 1, 2), byte)) {
      plain += static_cast<char>(byte[0]);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::optional<milliseconds> retry_delay(const http::Response& reply) {
  const auto details = reply.headers.find("grpc-status-details-bin");
  if (!details) return std::nullopt;
  const auto bytes = from_base64(*details);
  if (!bytes) return std::nullopt;
  const auto status = otlp::read_status(*bytes);
  return status ? status->retry_delay : std::nullopt;
}

SinkOutcome failed_call(RpcCode code, const http::Response& reply) {
  const auto message = reply.headers.find("grpc-message");
  std::string text = said(fmt::format("gRPC status {}", static_cast<int>(code)),
                          message ? percent_decoded(*message) : "");
  SinkOutcome later = make(SinkVerdict::Later, "unavailable", text);
  later.retry_after = retry_delay(reply);
  switch (code) {
    case RpcCode::ResourceExhausted:
      if (later.retry_after) return later;
      return make(SinkVerdict::Refused, "rejected", std::move(text));
    case RpcCode::Cancelled:
    case RpcCode::DeadlineExceeded:
    case RpcCode::Aborted:
    case RpcCode::OutOfRange:
    case RpcCode::Unavailable:
    case RpcCode::DataLoss:
      return later;
    case RpcCode::InvalidArgument:
    case RpcCode::AlreadyExists:
    case RpcCode::FailedPrecondition:
      return make(SinkVerdict::Refused, "rejected", std::move(text));
    case RpcCode::Unauthenticated:
    case RpcCode::PermissionDenied:
      return make(SinkVerdict::Misconfigured, "auth", std::move(text));
    case RpcCode::NotFound:
    case RpcCode::Unimplemented:
      return make(SinkVerdict::Misconfigured, "rejected", std::move(text));
    default:
      return make(SinkVerdict::Failed, "unavailable", std::move(text));
  }
}

// The message of a unary answer; nothing if the bytes are not one plain message.
std::optional<std::string_view> only_message(std::string_view body) {
  constexpr std::size_t kPrefix = 5;  // a flag and a big-endian length
  if (body.empty()) return body;
  if (body.size() < kPrefix || body[0] != 0) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) {
    length = length << 8 | static_cast<unsigned char>(body[i]);
  }
  body.remove_prefix(kPrefix);
  return body.size() == length ? std::optional(body) : std::nullopt;
}

}  // namespace

SinkOutcome http_outcome(const http::Response& reply, UnixNanos now) {
  if (reply.status < 200 || reply.status > 299) return failed_status(reply, now);
  if (is_type(reply, "text/html")) {
    return make(SinkVerdict::Misconfigured, "rejected", "the answer is a page, not OTLP");
  }
  // Some receivers answer in JSON or plain words although they were asked in protobuf.
  const bool is_protobuf =
      is_type(reply, "application/x-protobuf") || is_type(reply, "application/protobuf");
  return delivered(is_protobuf ? std::string_view(reply.body) : std::string_view());
}

SinkOutcome notice_outcome(const http::Response& reply, UnixNanos now) {
  if (reply.status >= 200 && reply.status <= 299) return make(SinkVerdict::Delivered, "", "");
  return failed_status(reply, now);
}

SinkOutcome grpc_outcome(const http::Response& reply, UnixNanos now) {
  if (reply.status != 200) return failed_status(reply, now);
  const auto text = reply.headers.find("grpc-status");
  if (!text) {
    if (is_type(reply, "application/grpc")) {
      return make(SinkVerdict::Later, "unavailable", "the call ended without a status");
    }
    return make(SinkVerdict::Misconfigured, "rejected", "the answer is not gRPC");
  }
  unsigned code = 2;  // UNKNOWN, as for anything that is no number
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), code);
  if (error != std::errc() || end != text->data() + text->size() || code > 16) code = 2;
  if (code != 0) return failed_call(static_cast<RpcCode>(code), reply);
  const auto message = only_message(reply.body);
  if (!message) {
    return make(SinkVerdict::Later, "unavailable", "the answer is not one message");
  }
  return delivered(*message);
}

std::optional<milliseconds> read_retry_after(std::string_view text, UnixNanos now) {
  constexpr std::uint64_t kSecondsMax = 86'400;
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc() && at == end) return seconds(std::min(count, kSecondsMax));
  if (error == std::errc::result_out_of_range && at == end) return seconds(kSecondsMax);
  std::tm date{};
  const std::string copy(text);
  const char* const rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const auto then = static_cast<std::int64_t>(timegm(&date));
  const auto from = static_cast<std::int64_t>(now / kNanosPerSecond);
  const auto wait = static_cast<std::uint64_t>(std::max<std::int64_t>(then - from, 0));
  return seconds(std::min(wait, kSecondsMax));
}

}  // namespace betrace::exporter
