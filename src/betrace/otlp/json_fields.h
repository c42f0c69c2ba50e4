// Reads single values of OTLP/JSON with the leniences of proto3 JSON; keeps the first problem.
//
// Used by json_trace_reader.cc only: the sole place that may include simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/model/span_view.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

using JsonElement = simdjson::dom::element;

/// The first member of a wrong type. A null stands for an absent member everywhere.
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

/// A member that may be absent; a null counts as absent.
class JsonMember {
 public:
  void set(JsonElement element) {
    element_ = element;
    is_there_ = !element.is_null();
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] JsonElement element() const { return element_; }

 private:
  JsonElement element_;
  bool is_there_ = false;
};

/// Calls `on_item` with each object of an array; what is neither array nor object is a problem.
template <typename OnItem>
void for_each_object(JsonElement array, std::string_view member, JsonProblem& problem,
                     OnItem on_item) {
  if (array.is_null()) return;
  if (!array.is_array()) return problem.set(member, "is not a list");
  for (const JsonElement item : simdjson::dom::array(array.get_array().value_unsafe())) {
    if (problem.is_set()) return;
    if (!item.is_object()) return problem.set(member, "has an item that is not an object");
    on_item(simdjson::dom::object(item.get_object().value_unsafe()));
  }
}

/// Each returns the value, or a neutral one with a problem.
[[nodiscard]] std::string_view json_text(JsonElement element, std::string_view member,
                                         JsonProblem& problem);
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
