// Which data of spans somebody will read, so that a reader needs not keep the rest.
//
// engine/ makes one for each RuleSet; otlp/ readers ask it. What is not of interest is checked all
// the same: a change of rules never changes which spans are accepted.
#pragma once

#include <string_view>

#include "betrace/model/key_patterns.h"

namespace betrace::model {

/// Immutable once filled; then thread-safe.
class SpanInterest {
 public:
  /// In everything.
  SpanInterest() = default;

  /// In nothing but what is added from here on, besides the fields of spans.
  [[nodiscard]] static SpanInterest of_nothing() {
    SpanInterest interest;
    interest.is_in_everything_ = false;
    interest.has_events_ = false;
    interest.has_links_ = false;
    return interest;
  }

  /// Of all attributes.
  void add_everything() { is_in_everything_ = true; }
  void add_events() { has_events_ = true; }
  void add_links() { has_links_ = true; }
  /// A key of attributes of spans, resources, events or links; with `*` at its end, of all keys
  /// that begin so.
  void add_key(std::string_view key) { keys_.add(key); }

  [[nodiscard, gnu::always_inline]] bool wants(std::string_view key) const {
    return is_in_everything_ || keys_.match(key);
  }

  [[nodiscard]] bool wants_events() const noexcept { return has_events_; }
  [[nodiscard]] bool wants_links() const noexcept { return has_links_; }

 private:
  bool is_in_everything_ = true;
  bool has_events_ = true;
  bool has_links_ = true;
  KeyPatterns keys_;
};

}  // namespace betrace::model
