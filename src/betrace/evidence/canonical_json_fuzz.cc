// Any bytes as JSON: the canonical text is that of another writer, and only it is read back.
//
// The oracle is the dump of the JSON library, which sorts keys and escapes as RFC 8785 does; what
// has no canonical form, and integers that become texts, are told by a walk of its own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/evidence/canonical_json.h"

namespace betrace::evidence {
namespace {

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_exact(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= kCanonicalIntegerMax;
  const auto number = value.get<std::int64_t>();
  return -kCanonicalIntegerMax <= number && number <= kCanonicalIntegerMax;
}

// Makes of `value` what the oracle has to write; false if it has no canonical form.
bool prepare(Json* value, int depth) {
  if (value->is_number_float()) return false;
  if (value->is_number_integer()) {
    if (!is_exact(*value)) *value = value->dump();
    return true;
  }
  if (!value->is_structured()) return true;
  if (depth == kCanonicalDepthMax) return false;
  for (auto& member : value->items()) {
    if (value->is_object() && !is_ascii(member.key())) return false;
    if (!prepare(&member.value(), depth + 1)) return false;
  }
  return true;
}

void check(std::string_view input) {
  const auto parsed = parse_json(input);
  const auto read = read_canonical_json(input);
  if (!parsed) {
    BETRACE_CHECK(!read);
    return;
  }
  Json expected = *parsed;
  const bool has_form = prepare(&expected, 0);
  const auto text = canonical_json(*parsed);
  BETRACE_CHECK(text.has_value() == has_form);
  const bool is_canonical = text && *text == input && input.size() <= kCanonicalBytesMax;
  BETRACE_CHECK(read.has_value() == is_canonical);
  if (!text) return;
  BETRACE_CHECK(*text == expected.dump());
  const auto again = read_canonical_json(*text);
  BETRACE_CHECK(again.has_value() == (text->size() <= kCanonicalBytesMax));
  if (again) BETRACE_CHECK(canonical_json(*again).value() == *text);
}

}  // namespace
}  // namespace betrace::evidence

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  betrace::evidence::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
