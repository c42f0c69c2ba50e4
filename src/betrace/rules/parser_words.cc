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
    {"&&", "use 'and'", "write A and B"},
    {"||", "use 'or'", "write A or B"},
    {"=", "use ==", "write x == 1"},
    {"===", "use ==", "write x == 1"},
    {"!==", "use !=", "write x != 1"},
    {"<>", "use !=", "write x != 1"},
    {"=~", "use 'matches'", "write x matches r\"...\""},
    {"!~", "use 'not matches'", "write x not matches r\"...\""},
    {"=>", "arrows are not part of the language",
     "\"A requires B\" is when { A } always { B }; a condition on a span is "
     "trace.has(span.name == \"...\")"},
    {"|", "pipelines are not part of the language", "chain .where(...), or join with or"},
    {"AND", "use 'and'", "write A and B"},
    {"OR", "use 'or'", "write A or B"},
    {"NOT", "use 'not'", "write not A"},
    {"IN", "use 'in'", "write x in [1, 2]"},
    {"EXISTS", "use != nil", "write x != nil"},
    {"CONTAINS", "use 'contains'", "write x contains \"...\""},
    {"LIKE", "use 'matches'", "write x matches r\"...\""},
    {"ILIKE", "use 'matches'", "write x matches r\"(?i)...\""},
    {"MATCHES", "use 'matches'", "write x matches r\"...\""},
    {"REGEX", "use 'matches'", "write x matches r\"...\""},
    {"REGEXP", "use 'matches'", "write x matches r\"...\""},
    {"RLIKE", "use 'matches'", "write x matches r\"...\""},
    {"STARTS_WITH", "use 'starts_with'", "write x starts_with \"...\""},
    {"STARTSWITH", "use 'starts_with'", "write x starts_with \"...\""},
    {"ENDS_WITH", "use 'ends_with'", "write x ends_with \"...\""},
    {"ENDSWITH", "use 'ends_with'", "write x ends_with \"...\""},
    {"IS", "use == or !=", "write x == nil"},
    {"BETWEEN", "use >= and <=", "write x >= 1 and x <= 9"},
    {"WHERE", "use .where(...)", "write name.where(amount > 1000)"},
    {"HAVING", "use .where(...)", "write name.where(amount > 1000)"},
    {"XOR", "not part of the language", "write (A and not B) or (B and not A)"},
    {"EQ", "use ==", "write x == 1"},
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
