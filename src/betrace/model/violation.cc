#include "betrace/model/violation.h"

#include <algorithm>

#include "betrace/base/sha256.h"

namespace betrace::model {
namespace {

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_part(std::string* message, std::string_view part) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    message->push_back(static_cast<char>(part.size() >> shift & 0xFF));
  }
  message->append(part);
}

SpanId cut_span_id(const std::array<std::uint8_t, 32>& digest, std::size_t at) noexcept {
  SpanId id;
  std::copy_n(digest.begin() + static_cast<std::ptrdiff_t>(at), id.bytes.size(), id.bytes.begin());
  if (id.is_zero()) id.bytes.back() = 1;
  return id;
}

}  // namespace

std::string ViolationKey::id() const { return "viol-" + to_hex(std::span(digest).first(16)); }

SpanId ViolationKey::span_id() const noexcept { return cut_span_id(digest, 16); }

SpanId ViolationKey::withdrawn_span_id() const noexcept { return cut_span_id(digest, 24); }

ViolationKey violation_key(std::string_view rule_id, std::string_view normalized_expression,
                           const TraceId& trace_id, const SpanId* span_id) {
  std::string message;
  append_part(&message, rule_id);
  append_part(&message, as_text(sha256(normalized_expression)));
  append_part(&message, as_text(trace_id.bytes));
  append_part(&message, span_id == nullptr ? std::string_view() : as_text(span_id->bytes));
  return ViolationKey{sha256(message)};
}

}  // namespace betrace::model
