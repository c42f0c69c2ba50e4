// Canonical JSON: one text for one value, so that its hash means something.
//
// Used for record payloads, commit payloads and checksums of rule files. RFC 8785 restricted: keys
// are ASCII, no floating-point number, integers beyond 2^53-1 are decimal strings. Nothing here is
// ever used to repair a text: what is stored is what is hashed. Source: RFC 8785.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"

namespace betrace::evidence {

inline constexpr std::int64_t kCanonicalIntegerMax = 9'007'199'254'740'991;  ///< 2^53-1
inline constexpr int kCanonicalDepthMax = 64;
inline constexpr std::size_t kCanonicalBytesMax = 128 * 1024;

/// Returns the canonical text of `value`. Error InvalidArgument: a floating-point number, a key
/// that is not ASCII, invalid UTF-8, deeper than kCanonicalDepthMax. The length is not bounded.
[[nodiscard]] Result<std::string> canonical_json(const Json& value);

/// Returns the value of `text`. Error Corrupt: longer than kCanonicalBytesMax, not JSON, or not its
/// own canonical form.
[[nodiscard]] Result<Json> read_canonical_json(std::string_view text);

/// Returns the bytes that `text` takes between its quotes. Requires: valid UTF-8.
[[nodiscard]] std::size_t escaped_size(std::string_view text) noexcept;

/// Writes canonical JSON from beginning to end without a tree. The caller gives the keys of an
/// object in ascending order; anything else is a bug and checked. Not thread-safe.
class CanonicalWriter {
 public:
  CanonicalWriter& begin_object();
  CanonicalWriter& end_object();
  CanonicalWriter& begin_array();
  CanonicalWriter& end_array();
  /// Requires: ASCII, greater than the keys before it in this object.
  CanonicalWriter& key(std::string_view name);
  /// Invalid UTF-8 comes out as U+FFFD: text of ours is always valid.
  CanonicalWriter& text(std::string_view value);
  CanonicalWriter& boolean(bool value);
  CanonicalWriter& null();
  /// Beyond 2^53-1 a decimal string.
  CanonicalWriter& integer(std::uint64_t value);
  CanonicalWriter& integer(std::int64_t value);
  /// A value that is canonical already.
  CanonicalWriter& raw(std::string_view canonical);

  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  /// Requires: every object and array is ended.
  [[nodiscard]] std::string take();

 private:
  struct Level {
    bool is_object = false;
    bool is_empty = true;
    std::string last_key;
  };

  void before_value();
  CanonicalWriter& open(char bracket);
  CanonicalWriter& close(char bracket);

  std::string out_;
  std::vector<Level> levels_;
  bool has_key_ = false;
};

}  // namespace betrace::evidence
