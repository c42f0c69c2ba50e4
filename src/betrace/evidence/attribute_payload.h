// Attribute values inside a payload: every type of OTLP without floating-point numbers.
//
// Used by violation_payload only. true, 1, "text", [..] and null stand for themselves; the rest is
// an object with one member: {"double":"2.5"}, {"int":"9007199254740993"}, {"bytes":"<base64>"},
// {"map":[["key",value],..]}.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/evidence/canonical_json.h"
#include "betrace/model/span_view.h"

namespace betrace::evidence {

/// Deepest nesting of a value that is written.
inline constexpr int kValueDepthMax = 16;

/// Returns the canonical text of `[key, value]`; empty if the value is nested deeper than
/// kValueDepthMax.
[[nodiscard]] std::string attribute_pair(const model::AttributeView& attribute);

/// Owns what views of attributes that were read refer to. Views stay valid while it lives.
class AttributeArena {
 public:
  /// Reads a list of pairs. Returns false if it is none.
  [[nodiscard]] bool read(const Json& pairs, model::AttributesView* out);
  [[nodiscard]] std::string_view keep(std::string text);
  [[nodiscard]] model::AttributesView keep(std::vector<model::AttributeView> attributes);

 private:
  bool read_pairs(const Json& pairs, int depth, model::AttributesView* out);
  bool read_value(const Json& json, int depth, model::ValueView* out);
  bool read_list(const Json& json, int depth, model::ValueView* out);
  bool read_tagged(const Json& json, int depth, model::ValueView* out);

  std::deque<std::string> texts_;
  std::deque<std::vector<model::ValueView>> lists_;
  std::deque<std::vector<model::AttributeView>> maps_;
};

}  // namespace betrace::evidence
