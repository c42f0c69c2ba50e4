#include "betrace/rules/parser_words.h"

#include <array>

#include "betrace/rules/find_by_name.h"

namespace betrace::rules {
namespace {

struct Relation {
  std::string_view name;
  std::string_view method;
};

constexpr std::array<ForeignWord, 32> kForeign = {{
    {"&&", "use 'and'", "A and B"},
    {"||", "use 'or'", "A or B"},
    {"=", "use ==", "x == 1"},
    {"===", "use ==", "x == 1"},
    {"!==", "use !=", "x != 1"},
    {"<>", "use !=", "x != 1"},
    {"=~", "use 'matches'", "x matches r\"...\""},
    {"!~", "use 'not matches'", "x not matches r\"...\""},
    {"=>", "arrows are not part of the language",
     "\"A requires B\" is when { A } always { B }; a condition on a span is "
     "trace.has(span.name == \"...\")"},
    {"|", "pipelines are not part of the language", "chain .where(...), or join with or"},
    {"AND", "use 'and'", "A and B"},
    {"OR", "use 'or'", "A or B"},
    {"NOT", "use 'not'", "not A"},
    {"IN", "use 'in'", "x in [1, 2]"},
    {"EXISTS", "use != nil", "x != nil"},
    {"CONTAINS", "use 'contains'", "x contains \"...\""},
    {"LIKE", "use 'matches'", "x matches r\"...\""},
    {"ILIKE", "use 'matches'", "x matches r\"(?i)...\""},
    {"MATCHES", "use 'matches'", "x matches r\"...\""},
    {"REGEX", "use 'matches'", "x matches r\"...\""},
    {"REGEXP", "use 'matches'", "x matches r\"...\""},
    {"RLIKE", "use 'matches'", "x matches r\"...\""},
    {"STARTS_WITH", "use 'starts_with'", "x starts_with \"...\""},
    {"STARTSWITH", "use 'starts_with'", "x starts_with \"...\""},
    {"ENDS_WITH", "use 'ends_with'", "x ends_with \"...\""},
    {"ENDSWITH", "use 'ends_with'", "x ends_with \"...\""},
    {"IS", "use == or !=", "x == nil"},
    {"BETWEEN", "use >= and <=", "x >= 1 and x <= 9"},
    {"WHERE", "use .where(...)", "name.where(amount > 1000)"},
    {"HAVING", "use .where(...)", "name.where(amount > 1000)"},
    {"XOR", "not part of the language", "(A and not B) or (B and not A)"},
    {"EQ", "use ==", "x == 1"},
}};

constexpr std::array<Relation, 20> kRelations = {{
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

}  // namespace

const ForeignWord* find_foreign(std::string_view word) noexcept {
  return find_by_name(kForeign, word);
}

std::string_view method_for_relation(std::string_view word) noexcept {
  const Relation* found = find_by_name(kRelations, word);
  return found == nullptr ? std::string_view{} : found->method;
}

}  // namespace betrace::rules
