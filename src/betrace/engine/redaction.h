// Which attributes a violation shows besides those that its rule reads, and which it hides.
//
// Whatever takes the value of an attribute out of a span asks it: witnesses and messages when a
// violation is built, and the examples of /v1/attributes. So no later stage, neither the log nor
// an exporter, ever sees a hidden value. Source: docs/guide/configuration.md, `redaction.*`.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/secret.h"
#include "betrace/model/key_patterns.h"
#include "betrace/model/span_view.h"

namespace betrace::engine {

/// Attribute keys as in model::KeyPatterns.
struct RedactionLists {
  std::vector<std::string> allow;  ///< Shown besides what a rule reads.
  /// Hidden, whatever a rule reads or `allow` says; upper and lower case are the same here.
  std::vector<std::string> deny;
};

/// What the values that Redaction::shown() returns refer to.
class ShownValues {
 private:
  friend class Redaction;

  std::deque<std::string> texts_;
  std::deque<std::vector<model::ValueView>> lists_;
  std::deque<std::vector<model::AttributeView>> maps_;
};

/// Immutable.
class Redaction {
 public:
  /// Shows what rules read, hides nothing and has no id.
  Redaction() = default;
  /// Hides by the HMAC under `key`. Requires: the key is not empty.
  Redaction(RedactionLists lists, Secret key);

  /// `p-1f00aa12`: the same for the same lists and the same key, wherever they are in force.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const RedactionLists& lists() const noexcept { return lists_; }

  /// `service.name` always is, and is never denied: a violation names its service.
  [[nodiscard]] bool is_allowed(std::string_view key) const;
  [[nodiscard]] bool is_denied(std::string_view key) const;

  /// `hmac:<16 hex>`: the first eight bytes of the HMAC-SHA256 of `text`. The same text gives the
  /// same one, so that hidden values can be compared and, with the key, looked for.
  [[nodiscard]] std::string hidden(std::string_view text) const;

  /// Returns the value as it may be shown: itself, or the text hidden() of what people read. A
  /// field within a map is hidden if its name is denied, or its path (`user.email`). `room` keeps
  /// what is new; nil is never hidden. Cost: linear where something is hidden or nested.
  [[nodiscard]] model::ValueView shown(std::string_view key, const model::ValueView& value,
                                       ShownValues* room) const;

 private:
  [[nodiscard]] model::ValueView shown_parts(std::string_view path, const model::ValueView& value,
                                             ShownValues* room) const;

  RedactionLists lists_;
  model::KeyPatterns allowed_;
  model::KeyPatterns denied_;
  Secret key_;
  std::string id_;
};

using RedactionPtr = std::shared_ptr<const Redaction>;

}  // namespace betrace::engine
