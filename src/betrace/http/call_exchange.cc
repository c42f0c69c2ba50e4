#include "betrace/http/call_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "betrace/http/gzip.h"

namespace betrace::http {
namespace {

/// What a field costs besides its text. Source: RFC 9113 section 6.5.2.
constexpr std::size_t kFieldOverhead = 32;

CallRefusal with_status(CallStatus status) {
  CallRefusal refusal;
  refusal.status = std::move(status);
  return refusal;
}

CallRefusal bad_framing(std::string message) {
  return with_status({RpcCode::Internal, std::move(message), ""});
}

}  // namespace

CallExchange::CallExchange(CallService& service, std::string remote_address,
                           std::vector<std::string> certificate_names)
    : service_(service) {
  head_.remote_address = std::move(remote_address);
  head_.certificate_names = std::move(certificate_names);
}

void CallExchange::add_field(std::string_view name, std::string_view value) {
  const ServerLimits& limits = service_.server;
  head_bytes_ += name.size() + value.size() + kFieldOverhead;
  longest_field_ = std::max(longest_field_, name.size() + value.size());
  ++fields_;
  // Beyond a limit nothing is kept: open() refuses.
  if (is_open_ || head_bytes_ > limits.header_bytes || fields_ > limits.headers) return;
  head_.add(name, value);
}

std::optional<CallRefusal> CallExchange::open() {
  is_open_ = true;
  if (auto refusal = check_limits()) return refusal;
  if (auto refusal = read_call_head(head_)) return refusal;
  method_ = service_.table.find(head_.path);
  if (method_ == nullptr) {
    return with_status({RpcCode::Unimplemented, "there is no such method here", ""});
  }
  const CallAuthorization& authorize = service_.options.authorize;
  if (!authorize) return std::nullopt;
  auto status = authorize(head_, *method_);
  if (!status) return std::nullopt;
  service_.observer->call_denied({method_->path, status->code, head_});
  return with_status(std::move(*status));
}

std::optional<CallRefusal> CallExchange::check_limits() const {
  const ServerLimits& limits = service_.server;
  const auto refuse = [this](std::string_view limit) {
    CallRefusal refusal = over_limit("the head of the call is too large", limit);
    refusal.http_status = 431;
    return refusal;
  };
  if (fields_ > limits.headers) return refuse("headers");
  if (head_bytes_ > limits.header_bytes) return refuse("header_bytes");
  if (longest_field_ > limits.line_bytes) return refuse("line_bytes");
  return std::nullopt;
}

CallRefusal CallExchange::over_limit(std::string message, std::string_view limit) const {
  service_.observer->call_refused(limit);
  return with_status({RpcCode::ResourceExhausted, std::move(message), ""});
}

std::optional<CallRefusal> CallExchange::take(std::string_view bytes) {
  if (!prefix_.is_complete()) {
    if (!prefix_.take(bytes)) return std::nullopt;
    if (auto refusal = check_prefix()) return refusal;
    message_ = service_.bodies->take();
  }
  if (bytes.size() > prefix_.length() - message_.size()) {
    service_.observer->call_refused("malformed");
    return bad_framing("the call has more than one message");
  }
  if (!message_.append(bytes)) {
    service_.observer->call_refused("bodies_bytes");
    return with_status(service_.retry_later("no memory is free for messages"));
  }
  return std::nullopt;
}

std::optional<CallRefusal> CallExchange::check_prefix() {
  if (prefix_.flag() > 1 || (prefix_.flag() == 1 && !head_.is_gzip)) {
    service_.observer->call_refused("malformed");
    return bad_framing(prefix_.flag() > 1 ? "the flag of the message is neither 0 nor 1"
                                          : "the message is compressed without grpc-encoding");
  }
  const std::size_t bytes_max = service_.options.limits.message_bytes_max;
  if (prefix_.length() > bytes_max) {
    return over_limit(
        fmt::format("the message has {} bytes, more than {}", prefix_.length(), bytes_max),
        "grpc_message");
  }
  if (!method_->admit) return std::nullopt;
  if (auto status = method_->admit(head_, prefix_.length())) {
    return with_status(std::move(*status));
  }
  return std::nullopt;
}

std::optional<std::size_t> CallExchange::declared_bytes() const noexcept {
  if (!prefix_.is_complete()) return std::nullopt;
  return kMessagePrefixBytes + prefix_.length();
}

CallReply CallExchange::answer() {
  if (!prefix_.is_complete() || message_.size() < prefix_.length()) {
    service_.observer->call_refused("malformed");
    return {bad_framing(prefix_.is_empty() ? "the call has no message"
                                           : "the message ends before its length")
                .status,
            ""};
  }
  if (prefix_.flag() == 1) {
    if (auto status = inflate()) return {std::move(*status), ""};
    if (method_->admit && message_.size() != prefix_.length()) {
      if (auto status = method_->admit(head_, message_.size())) return {std::move(*status), ""};
    }
  }
  return call_handler();
}

CallReply CallExchange::answer_again() { return call_handler(); }

void CallExchange::release() noexcept { message_ = BodyBuffer(); }

std::optional<CallStatus> CallExchange::inflate() {
  const InflateLimits limits{service_.options.limits.message_bytes_max,
                             service_.server.inflate_ratio};
  BodyBuffer inflated = service_.bodies->take();
  const auto result = inflate_gzip(message_.text(), limits, inflated);
  if (result) {
    message_ = std::move(inflated);
    return std::nullopt;
  }
  switch (result.error().code) {
    case ErrorCode::LimitExceeded: {
      const bool by_ratio = inflate_cap(message_.size(), limits) < limits.bytes_max;
      return over_limit(result.error().message, by_ratio ? "inflate_ratio" : "grpc_message").status;
    }
    case ErrorCode::Unavailable:
      service_.observer->call_refused("bodies_bytes");
      return service_.retry_later(result.error().message);
    default:
      service_.observer->call_refused("malformed");
      return CallStatus{RpcCode::InvalidArgument, result.error().message, ""};
  }
}

CallReply CallExchange::call_handler() noexcept {
  try {
    return method_->handler(Call{head_, message_.text()});
  } catch (const std::bad_alloc&) {
    service_.observer->call_failed(head_.path, "no memory");
    return {{RpcCode::Unavailable, "", ""}, ""};  // short enough to need none
  } catch (const std::exception& exception) {
    service_.observer->call_failed(head_.path, exception.what());
  } catch (...) {
    service_.observer->call_failed(head_.path, "unknown exception");
  }
  return {{RpcCode::Internal, "a defect of BeTrace", ""}, ""};
}

std::string_view CallExchange::label() const noexcept {
  return method_ != nullptr ? std::string_view(method_->label) : "other";
}

}  // namespace betrace::http
