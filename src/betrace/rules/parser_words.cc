#include "betrace/rules/parser_words.h"

#include <array>

namespace betrace::rules {
namespace {

struct Pair {
  std::string_view word;
  std::string_view meaning;
};

constexpr std::array<Pair, 32> kForeign = {{
    {"&&", "use 'and'"},
    {"||", "use 'or'"},
    {"=", "use =="},
    {"===", "use =="},
    {"!==", "use !="},
    {"<>", "use !="},
    {"=~", "use 'matches'"},
    {"!~", "use 'not matches'"},
    {"=>", "arrow functions are not part of the language; write trace.has(span.name == \"...\")"},
    {"|", "pipelines are not part of the language; chain .where(...)"},
    {"AND", "use 'and'"},
    {"OR", "use 'or'"},
    {"NOT", "use 'not'"},
    {"IN", "use 'in'"},
    {"EXISTS", "use != nil"},
    {"CONTAINS", "use 'contains'"},
    {"LIKE", "use 'matches'"},
    {"ILIKE", "use matches \"(?i)...\""},
    {"MATCHES", "use 'matches'"},
    {"REGEX", "use 'matches'"},
    {"REGEXP", "use 'matches'"},
    {"RLIKE", "use 'matches'"},
    {"STARTS_WITH", "use 'starts_with'"},
    {"STARTSWITH", "use 'starts_with'"},
    {"ENDS_WITH", "use 'ends_with'"},
    {"ENDSWITH", "use 'ends_with'"},
    {"IS", "use == or !="},
    {"BETWEEN", "use >= and <="},
    {"WHERE", "use .where(...)"},
    {"HAVING", "use .where(...)"},
    {"XOR", "write (a and not b) or (b and not a)"},
    {"EQ", "use =="},
}};

constexpr std::array<Pair, 20> kRelations = {{
    {">>", "has_ancestor"},
    {"<<", "has_descendant"},
    {"~", "has_sibling"},
    {"before", "preceded_by"},
    {"precedes", "preceded_by"},
    {"after", "followed_by"},
    {"follows", "followed_by"},
    {"preceded_by", "preceded_by"},
    {"followed_by", "followed_by"},
    {"ancestor_of", "has_ancestor"},
    {"descendant_of", "has_descendant"},
    {"parent_of", "has_parent"},
    {"child_of", "has_child"},
    {"sibling_of", "has_sibling"},
    {"overlaps", "overlaps"},
    {"during", "overlaps"},
    {"with", "overlaps"},
    {"within", "preceded_by"},
    {"inside", "has_ancestor"},
    {"under", "has_ancestor"},
}};

template <std::size_t size>
std::string_view look_up(const std::array<Pair, size>& pairs, std::string_view word) noexcept {
  for (const Pair& pair : pairs) {
    if (pair.word == word) return pair.meaning;
  }
  return {};
}

}  // namespace

std::string_view equivalent_of_foreign(std::string_view word) noexcept {
  return look_up(kForeign, word);
}

std::string_view method_for_relation(std::string_view word) noexcept {
  return look_up(kRelations, word);
}

}  // namespace betrace::rules
