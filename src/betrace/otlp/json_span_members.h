// Looks up members of a flat JSON span and reads their values; keeps the first problem.
//
// Used by json_span_reader.cc and its value reader only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/model/span_view.h"
#include "betrace/otlp/read_summary.h"

namespace betrace::otlp {

/// One documented member with the spelling that is also accepted.
struct MemberName {
  std::string_view snake;
  std::string_view camel;
};

/// The first problem of a span; later ones are ignored.
class SpanProblem {
 public:
  void set(RejectReason reason, std::string message) {
    if (!first_) first_ = SpanRejection{reason, std::move(message)};
  }
  void invalid(std::string message) { set(RejectReason::InvalidField, std::move(message)); }
  [[nodiscard]] const std::optional<SpanRejection>& first() const { return first_; }

 private:
  std::optional<SpanRejection> first_;
};

/// Returns the member, or null if it is absent or a JSON null. Both spellings with different
/// values are a problem.
[[nodiscard]] const Json* find_member(const Json& object, MemberName name, SpanProblem& problem);

/// Each returns the value of a member that is there, or a neutral value with a problem that names
/// the member.
[[nodiscard]] std::string_view read_text(const Json& value, std::string_view name,
                                         SpanProblem& problem);
/// Unix nanoseconds as number or decimal text, or RFC 3339.
[[nodiscard]] UnixNanos read_time(const Json& value, std::string_view name, SpanProblem& problem);
/// A whole number of nanoseconds, as number or decimal text.
[[nodiscard]] std::uint64_t read_duration(const Json& value, SpanProblem& problem);
/// Milliseconds, fractions allowed, as nanoseconds.
[[nodiscard]] std::uint64_t read_duration_ms(const Json& value, SpanProblem& problem);
/// A name in any case with or without its prefix, or a number of OTLP.
[[nodiscard]] model::SpanKind read_kind(const Json& value, SpanProblem& problem);
[[nodiscard]] model::StatusCode read_status_code(const Json& value, SpanProblem& problem);

}  // namespace betrace::otlp
