// Reads single values of OTLP/JSON with the leniences of proto3 JSON; keeps the first problem.
//
// Used by the OTLP/JSON reader only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/otlp/json_tape.h"

namespace betrace::otlp {

/// The first member of a wrong type.
class JsonProblem {
 public:
  void set(std::string_view member, std::string_view what);
  [[nodiscard]] bool is_set() const noexcept { return !message_.empty(); }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// Names the span in which members are read from now on.
  void enter_span(std::uint64_t index) noexcept { span_index_ = index; }

 private:
  std::string message_;
  std::uint64_t span_index_ = 0;
};

/// True of an object; what else is there is a problem.
[[nodiscard]] inline bool is_object(JsonElement element, std::string_view member,
                                    JsonProblem& problem) {
  if (element.type() == JsonType::Object) return true;
  if (element.is_there()) problem.set(member, "is not an object");
  return false;
}

/// Calls `on_item` with each object of an array; what is neither array nor object is a problem.
template <typename OnItem>
void for_each_object(JsonElement array, std::string_view member, JsonProblem& problem,
                     OnItem on_item) {
  if (!array.is_there()) return;
  if (array.type() != JsonType::Array) return problem.set(member, "is not a list");
  const JsonElement end = array.end();
  for (JsonElement item = array.inner(); item.is_before(end); item = item.next()) {
    if (problem.is_set()) return;
    if (item.type() != JsonType::Object) {
      return problem.set(member, "has an item that is not an object");
    }
    on_item(item);
  }
}

/// Reads decimal text that is nothing but a whole number in range; false if it is anything else.
[[nodiscard]] bool read_decimal(std::string_view text, std::int64_t* number) noexcept;

/// Each returns the value, a neutral one if it is absent, or a neutral one with a problem.
[[nodiscard]] inline std::string_view json_text(JsonElement element, std::string_view member,
                                                JsonProblem& problem) {
  if (element.type() == JsonType::String) return element.as_text();
  if (element.is_there()) problem.set(member, "is not a string");
  return {};
}
/// A number or decimal text, whole and in range.
[[nodiscard]] std::uint64_t json_uint64(JsonElement element, std::string_view member,
                                        JsonProblem& problem);
[[nodiscard]] std::int64_t json_int64(JsonElement element, std::string_view member,
                                      JsonProblem& problem);
/// A number, decimal text, or `NaN`, `Infinity`, `-Infinity`.
[[nodiscard]] double json_double(JsonElement element, std::string_view member,
                                 JsonProblem& problem);
/// An integer number; names of enumerators are a problem.
[[nodiscard]] std::int64_t json_enum(JsonElement element, std::string_view member,
                                     JsonProblem& problem);

}  // namespace betrace::otlp
