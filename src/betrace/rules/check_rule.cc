#include <algorithm>
#include <string>
#include <utility>

#include "betrace/base/utf8.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/checker.h"
#include "betrace/rules/classify.h"
#include "betrace/rules/lexer.h"
#include "betrace/rules/normalize.h"
#include "betrace/rules/parser.h"
#include "betrace/rules/reads.h"
#include "betrace/rules/warnings.h"

namespace betrace::rules {
namespace {

constexpr std::size_t kClauseBytesMax = 256;

tl::unexpected<Diagnostic> refused(const Refusal& refusal, std::string_view text) {
  Diagnostic diagnostic = refusal.reason();
  locate(text, &diagnostic);
  return tl::unexpected<Diagnostic>(std::move(diagnostic));
}

// Bytes before the first one that is not part of a character. A character has at most four.
std::size_t valid_prefix(std::string_view text) noexcept {
  std::size_t valid = 0;
  while (valid < text.size()) {
    std::size_t size = 1;
    while (size <= 4 && !is_utf8(text.substr(valid, size))) ++size;
    if (size > 4) break;
    valid += size;
  }
  return valid;
}

bool is_readable(std::string_view text, std::size_t bytes_max, Refusal* refusal) {
  if (text.size() > bytes_max) {
    refusal->because(Code::E_LIMIT, {0, 0},
                     "the rule is longer than " + std::to_string(bytes_max) + " bytes",
                     "split the rule");
    return false;
  }
  if (!is_utf8(text)) {
    const std::size_t valid = valid_prefix(text);
    refusal->because(Code::E_UTF8, {static_cast<std::uint32_t>(valid), 0},
                     "the rule is not valid UTF-8", "save the file in this encoding");
    return false;
  }
  return true;
}

std::string clause_text(std::string_view text, const std::vector<Token>& tokens,
                        SourceRange range) {
  const auto begin = std::lower_bound(
      tokens.begin(), tokens.end(), range.offset,
      [](const Token& token, std::uint32_t offset) { return token.range.offset < offset; });
  const auto end = std::lower_bound(
      begin, tokens.end(), range.offset + range.length,
      [](const Token& token, std::uint32_t offset) { return token.range.offset < offset; });
  const std::string whole = normalize(text, {begin, end});
  return std::string(utf8_prefix(whole, kClauseBytesMax));
}

CheckedRule assemble(std::string_view text, const std::vector<Token>& tokens,
                     const RuleSyntax& syntax, CheckedTree tree, std::vector<Diagnostic> warnings) {
  CheckedRule rule;
  const Classification classification = classify(*tree.condition, tree.rule_level_span);
  rule.scope = classification.scope;
  rule.monotone = classification.monotone;
  rule.firing = classification.firing;
  add_warnings(text, tokens, syntax, *tree.condition, rule.scope, &warnings);
  for (Diagnostic& warning : warnings) locate(text, &warning);
  Reads reads = reads_of(*tree.condition);
  for (const CheckedPart& part : tree.parts) {
    rule.clauses.push_back({clause_text(text, tokens, part.range), part.condition});
  }
  rule.text = std::string(text);
  rule.normalized = normalize(text, tokens);
  rule.condition = std::move(tree.condition);
  rule.warnings = std::move(warnings);
  rule.fields = std::move(reads.fields);
  rule.attribute_keys = std::move(reads.attribute_keys);
  rule.estimated_cost = reads.cost;
  return rule;
}

}  // namespace

std::string_view name_of(Scope scope) noexcept {
  switch (scope) {
    case Scope::Span:
      return "span";
    case Scope::Trace:
      return "trace";
    case Scope::Mixed:
      return "mixed";
  }
  return "";
}

std::string_view name_of(Firing firing) noexcept {
  switch (firing) {
    case Firing::OnArrival:
      return "on arrival";
    case Firing::Early:
      return "early";
    case Firing::AtClose:
      return "at close";
  }
  return "";
}

tl::expected<CheckedRule, Diagnostic> check_rule(std::string_view text, std::size_t bytes_max) {
  Refusal refusal;
  if (!is_readable(text, bytes_max, &refusal)) return refused(refusal, text);
  const std::vector<Token> tokens = tokenize(text, &refusal);
  if (refusal) return refused(refusal, text);
  if (tokens.size() == 1) {
    refusal.because(Code::E_EMPTY, {0, 0}, "the rule is empty",
                    "write a condition, such as span.duration > 2s");
    return refused(refusal, text);
  }
  const RuleSyntax syntax = parse(text, tokens, &refusal);
  if (refusal) return refused(refusal, text);
  std::vector<Diagnostic> warnings;
  CheckedTree tree = check(syntax, &refusal, &warnings);
  if (refusal) return refused(refusal, text);
  return assemble(text, tokens, syntax, std::move(tree), std::move(warnings));
}

}  // namespace betrace::rules
