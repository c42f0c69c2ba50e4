// The `message` of a rule: text with fields of the anchor span, the trace and the rule in braces.
//
// Parsed when a rule is checked, so that a misspelt field refuses the rule and never a violation.
// Rendering reads model and linked spans only. Source: the HTTP page, section 4.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/model/rule.h"
#include "betrace/rules/linked_trace.h"

namespace betrace::engine {

/// Longest rendered message; more is cut between two characters and ends in `...`.
inline constexpr std::size_t kMessageBytesMax = 1024;

/// What a template reads. All are borrowed for one call.
struct MessageFacts {
  const model::Rule& rule;
  const rules::LinkedTrace& trace;
  std::optional<std::uint32_t> anchor;  ///< Index in `trace`; nothing: span fields are nil.
};

/// A parsed template. Immutable.
class MessageTemplate {
 public:
  /// Reads `{span.name}`, `{trace.id}`, `{rule.name}` and every other field of the anchor span, the
  /// trace or the rule by its name in rules; `{{` is a brace. Empty text gives an empty template.
  /// Error InvalidArgument naming `message`: an unknown field or a brace that is not closed.
  [[nodiscard]] static Result<MessageTemplate> parse(std::string_view text);

  [[nodiscard]] bool is_empty() const noexcept { return parts_.empty(); }
  /// True if some field depends on other spans than the anchor.
  [[nodiscard]] bool reads_trace() const noexcept { return reads_trace_; }

  /// Returns the text with every field filled in; nil prints `-`. At most kMessageBytesMax bytes of
  /// UTF-8.
  [[nodiscard]] std::string render(const MessageFacts& facts) const;

 private:
  friend class TemplateParser;
  enum class Base : std::uint8_t { Text, Span, SpanAttribute, SpanResource, Trace, Rule };
  enum class Step : std::uint8_t { Parent, Root, TraceRoot };

  struct Part {
    Base base = Base::Text;
    std::vector<Step> steps;  // from the anchor to the span that is read
    std::string text;         // literal text, attribute key, or unused
    std::size_t field = 0;    // row of the field table of its base
  };

  static std::string value_of(const Part& part, const MessageFacts& facts);

  std::vector<Part> parts_;
  bool reads_trace_ = false;
};

}  // namespace betrace::engine
