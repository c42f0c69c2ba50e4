// The `message` of a rule: text with fields of the anchor span, the trace and the rule in braces.
//
// Parsed when a rule is checked, so that a misspelt field refuses the rule and never a violation.
// Knows the fields by engine/message_fields.h. Source: docs/guide/api.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/engine/message_fields.h"
#include "betrace/engine/redaction.h"
#include "betrace/model/rule.h"
#include "betrace/model/span_interest.h"
#include "betrace/rules/linked_trace.h"

namespace betrace::engine {

/// Longest rendered message; more is cut between two characters and ends in `...`.
inline constexpr std::size_t kMessageBytesMax = 1024;

/// What a template reads. All are borrowed for one call.
struct MessageFacts {
  const model::Rule& rule;
  const rules::LinkedTrace& trace;
  std::optional<std::uint32_t> anchor;  ///< Index in `trace`; nothing: span fields are nil.
  const Redaction& redaction;           ///< Attributes that it denies print as it hides them.
};

/// A piece of a template: literal text, or one field.
struct MessagePart {
  enum class Kind : std::uint8_t {
    Text,           // text
    SpanField,      // base, steps, span_field
    SpanAttribute,  // base, steps, text: the key
    SpanResource,   // base, steps, text: the key
    TraceField,     // trace_field
    RuleField,      // rule_field
  };
  enum class Base : std::uint8_t { Anchor, TraceRoot };
  enum class Step : std::uint8_t { Parent, Root };

  Kind kind = Kind::Text;
  std::string text;
  Base base = Base::Anchor;
  std::vector<Step> steps;
  const SpanFieldRow* span_field = nullptr;
  const TraceFieldRow* trace_field = nullptr;
  const RuleFieldRow* rule_field = nullptr;
};

/// A parsed template. Immutable.
class MessageTemplate {
 public:
  /// An empty template.
  MessageTemplate() = default;

  /// Reads `{span.name}`, `{trace.id}`, `{rule.name}` and every other field of the anchor span, the
  /// trace or the rule by its name in rules; `{{` is a brace. Empty text gives an empty template.
  /// Error InvalidArgument naming `message`: an unknown field or a brace that is not closed.
  [[nodiscard]] static Result<MessageTemplate> parse(std::string_view text);

  [[nodiscard]] bool is_empty() const noexcept { return parts_.empty(); }
  /// True if some field depends on other spans than the anchor.
  [[nodiscard]] bool reads_trace() const noexcept { return reads_trace_; }
  /// True if it depends on spans of the trace that the rule itself may not ask for.
  [[nodiscard]] bool reads_every_span() const noexcept { return reads_every_span_; }

  /// Adds the attributes that the fields name.
  void add_interest(model::SpanInterest* interest) const;

  /// Returns the text with every field filled in; nil prints `-`. At most kMessageBytesMax bytes.
  /// The result is UTF-8 if the spans are.
  [[nodiscard]] std::string render(const MessageFacts& facts) const;

 private:
  std::vector<MessagePart> parts_;
  bool reads_trace_ = false;
  bool reads_every_span_ = false;
};

/// Returns `text` if it has at most kMessageBytesMax bytes, else its beginning with `...`.
[[nodiscard]] std::string cut_message(std::string text);

}  // namespace betrace::engine
