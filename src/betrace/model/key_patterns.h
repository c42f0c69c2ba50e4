// Keys of attributes, some of them by their beginning only.
//
// Asked for every attribute of every span by SpanInterest, and by whoever shows or hides values.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/text_index.h"

namespace betrace::model {

/// Immutable once filled; then thread-safe.
class KeyPatterns {
 public:
  /// A key; with `*` at its end, all keys that begin so.
  void add(std::string_view pattern) {
    if (pattern.ends_with('*')) {
      prefixes_.emplace_back(pattern.substr(0, pattern.size() - 1));
      return;
    }
    keys_.add(pattern);
  }

  [[nodiscard, gnu::always_inline]] bool match(std::string_view key) const {
    return keys_.find(key) || (!prefixes_.empty() && has_prefix(key));
  }

 private:
  [[nodiscard]] bool has_prefix(std::string_view key) const {
    return std::ranges::any_of(
        prefixes_, [key](const std::string& prefix) { return key.starts_with(prefix); });
  }

  TextIndex keys_;
  std::vector<std::string> prefixes_;
};

}  // namespace betrace::model
