#include "betrace/rules/names.h"

#include <algorithm>
#include <array>

#include "betrace/base/utf8.h"

namespace betrace::rules {
namespace {

using SyntaxKind = Syntax::Kind;

constexpr std::array<std::string_view, 6> kReservedRoots = {"span",     "anchor", "trace",
                                                            "resource", "event",  "link"};

std::string joined(const std::vector<std::string_view>& names, std::size_t first,
                   std::size_t last) {
  std::string result;
  for (std::size_t i = first; i < last; ++i) {
    if (i > first) result += '.';
    result += names[i];
  }
  return result;
}

}  // namespace

bool is_reserved_root(std::string_view word) noexcept {
  return std::find(kReservedRoots.begin(), kReservedRoots.end(), word) != kReservedRoots.end();
}

bool is_path(const Syntax& syntax) noexcept { return syntax.kind == SyntaxKind::Path; }

bool is_reserved_path(const Syntax& syntax) noexcept {
  return is_path(syntax) && is_reserved_root(syntax.names[0]);
}

bool is_bare_name(const Syntax& syntax) noexcept {
  return is_path(syntax) && !is_reserved_root(syntax.names[0]);
}

bool is_word(const Syntax& syntax, std::string_view word) noexcept {
  return is_path(syntax) && syntax.names.size() == 1 && syntax.names[0] == word;
}

bool is_text(const Syntax& syntax) noexcept {
  return syntax.kind == SyntaxKind::Literal && syntax.literal.type == Literal::Type::String;
}

bool has_bare_operand(const Syntax& syntax) noexcept {
  switch (syntax.kind) {
    case SyntaxKind::Path:
      return is_bare_name(syntax);
    case SyntaxKind::Add:
    case SyntaxKind::Subtract:
    case SyntaxKind::Multiply:
    case SyntaxKind::Divide:
    case SyntaxKind::Negate:
    case SyntaxKind::Length:
      return std::any_of(syntax.children.begin(), syntax.children.end(),
                         [](const auto& child) { return has_bare_operand(*child); });
    default:
      return false;
  }
}

std::string dotted(const Syntax& path, std::size_t first) {
  return joined(path.names, first, path.names.size());
}

std::string dotted_front(const Syntax& path) {
  return joined(path.names, 0, path.names.size() - 1);
}

std::string excerpt(std::string_view text) { return quote_excerpt(text); }

bool is_trace_call(const Syntax& syntax) noexcept {
  return syntax.kind == SyntaxKind::Call && syntax.children[0] != nullptr &&
         is_word(*syntax.children[0], "trace");
}

bool is_existence_call(const Syntax& syntax) noexcept {
  return is_trace_call(syntax) && (syntax.names[0] == "has" || syntax.names[0] == "any");
}

bool is_count_call(const Syntax& syntax) noexcept {
  return syntax.kind == SyntaxKind::Call && syntax.names[0] == "count" &&
         (syntax.children[0] == nullptr || is_trace_call(syntax));
}

}  // namespace betrace::rules
