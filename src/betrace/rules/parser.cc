#include "betrace/rules/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "betrace/base/utf8.h"
#include "betrace/rules/number_literal.h"
#include "betrace/rules/parser_words.h"
#include "betrace/rules/string_literal.h"

namespace betrace::rules {
namespace {

using Node = std::unique_ptr<Syntax>;
using SyntaxKind = Syntax::Kind;

constexpr const char* kClauseForm = "write when { A } always { B } never { C }";
constexpr const char* kClauseHint = "'when' comes first, and each clause has its braces";
constexpr std::array<std::string_view, 4> kReserved = {"and", "or", "in", "not"};

struct ComparisonSpelling {
  TokenKind token;
  std::string_view word;  // for TokenKind::Name
  ComparisonWord meaning;
};
constexpr std::array<ComparisonSpelling, 11> kComparisons = {{
    {TokenKind::EqualEqual, "", ComparisonWord::Equal},
    {TokenKind::BangEqual, "", ComparisonWord::NotEqual},
    {TokenKind::Less, "", ComparisonWord::Less},
    {TokenKind::LessEqual, "", ComparisonWord::LessOrEqual},
    {TokenKind::Greater, "", ComparisonWord::Greater},
    {TokenKind::GreaterEqual, "", ComparisonWord::GreaterOrEqual},
    {TokenKind::Name, "in", ComparisonWord::In},
    {TokenKind::Name, "contains", ComparisonWord::Contains},
    {TokenKind::Name, "starts_with", ComparisonWord::StartsWith},
    {TokenKind::Name, "ends_with", ComparisonWord::EndsWith},
    {TokenKind::Name, "matches", ComparisonWord::Matches},
}};

/// One pass over the tokens. Every function returns nothing after noting a refusal. Not reused.
class Parser {
 public:
  Parser(std::string_view text, const std::vector<Token>& tokens, Refusal* refusal)
      : text_(text), tokens_(tokens), refusal_(refusal) {}

  RuleSyntax rule();

 private:
  // Looking at tokens. There is always an End to look at.
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const noexcept {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool at(TokenKind kind, std::size_t ahead = 0) const noexcept {
    return peek(ahead).kind == kind;
  }
  [[nodiscard]] std::string_view word(std::size_t ahead = 0) const noexcept {
    return at(TokenKind::Name, ahead) ? text_of(text_, peek(ahead)) : std::string_view{};
  }
  [[nodiscard]] bool at_word(std::string_view expected, std::size_t ahead = 0) const noexcept {
    return word(ahead) == expected;
  }
  [[nodiscard]] bool at_reserved(std::size_t ahead = 0) const noexcept {
    return std::find(kReserved.begin(), kReserved.end(), word(ahead)) != kReserved.end();
  }
  [[nodiscard]] bool at_operand(std::size_t ahead) const noexcept;
  [[nodiscard]] std::optional<ComparisonWord> comparison_at(std::size_t ahead) const noexcept;
  [[nodiscard]] std::string shown(const Token& token) const;
  bool take(TokenKind kind) noexcept {
    if (!at(kind)) return false;
    ++at_;
    return true;
  }

  // Making nodes.
  Node make(SyntaxKind kind, SourceRange range);
  Node parent_of(SyntaxKind kind, Node first, Node second = nullptr);
  bool adopt(Syntax* parent, Node child);
  bool count_node(SourceRange range);
  bool enter();
  void leave() noexcept { --nesting_; }
  [[nodiscard]] SourceRange range_from(SourceRange first) const noexcept;

  // Saying what is wrong at the current token.
  std::nullptr_t refuse(Code code, std::string message, std::string hint = {}) {
    return refusal_->because(code, peek().range, std::move(message), std::move(hint));
  }
  bool refuse_habit();
  std::nullptr_t refuse_operand();
  std::nullptr_t refuse_trailing();
  [[nodiscard]] std::string missing_connective() const;
  bool close(TokenKind closer, std::string_view name);

  // The lines of the grammar.
  void blocks(RuleSyntax* result);
  Node block(std::string_view clause);
  Node expression();
  Node conjunction();
  Node negation();
  Node comparison();
  Node sum();
  Node term();
  Node unary();
  [[nodiscard]] bool at_negative_literal() const noexcept;
  Node postfix();
  Node member(Node target);
  Node method(Node target);
  Node index(Node target);
  Node by(Node target);
  bool arguments(Syntax* call);
  Node primary();
  Node name();
  Node string();
  Node number();
  Node word_literal();
  Node parenthesis();
  Node list();
  bool item(Literal* result);
  bool number_item(Literal* result);

  std::string_view text_;
  const std::vector<Token>& tokens_;
  Refusal* refusal_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t nesting_ = 0;
};

// ---- looking at tokens

// True if an operand, and not an operator, begins here.
bool Parser::at_operand(std::size_t ahead) const noexcept {
  switch (peek(ahead).kind) {
    case TokenKind::String:
    case TokenKind::Number:
    case TokenKind::Duration:
      return true;
    case TokenKind::Name:
      return !at_reserved(ahead) && !comparison_at(ahead) && !at_word("by", ahead) &&
             find_foreign(word(ahead)) == nullptr && method_for_relation(word(ahead)).empty();
    default:
      return false;
  }
}

std::optional<ComparisonWord> Parser::comparison_at(std::size_t ahead) const noexcept {
  for (const ComparisonSpelling& spelling : kComparisons) {
    if (at(spelling.token, ahead) && word(ahead) == spelling.word) return spelling.meaning;
  }
  return std::nullopt;
}

std::string Parser::shown(const Token& token) const {
  if (token.kind == TokenKind::End) return "end of rule";
  return fmt::format("'{}'", quote_excerpt(text_of(text_, token)));
}

// ---- making nodes

bool Parser::count_node(SourceRange range) {
  if (++nodes_ <= kSyntaxNodesMax) return true;
  refusal_->because(Code::E_LIMIT, range, "more than 10000 syntax nodes", "split the rule");
  return false;
}

Node Parser::make(SyntaxKind kind, SourceRange range) {
  if (!count_node(range)) return nullptr;
  auto node = std::make_unique<Syntax>();
  node->kind = kind;
  node->range = range;
  return node;
}

bool Parser::adopt(Syntax* parent, Node child) {
  if (child == nullptr) return false;
  if (child->height >= kSyntaxHeightMax) {
    refusal_->because(Code::E_LIMIT, parent->range, "expression tree deeper than 1000",
                      "split the rule");
    return false;
  }
  const auto height = static_cast<std::uint16_t>(child->height + 1);
  parent->height = std::max(parent->height, height);
  parent->children.push_back(std::move(child));
  return true;
}

Node Parser::parent_of(SyntaxKind kind, Node first, Node second) {
  if (first == nullptr) return nullptr;
  const bool binary = second != nullptr;
  Node parent = make(kind, range_from(first->range));
  if (parent == nullptr || !adopt(parent.get(), std::move(first))) return nullptr;
  if (binary && !adopt(parent.get(), std::move(second))) return nullptr;
  return parent;
}

// From the beginning of `first` to the end of the last token taken.
SourceRange Parser::range_from(SourceRange first) const noexcept {
  const SourceRange last = tokens_[at_ == 0 ? 0 : at_ - 1].range;
  return {first.offset, last.offset + last.length - first.offset};
}

bool Parser::enter() {
  if (nesting_ < kNestingMax) {
    ++nesting_;
    return true;
  }
  refuse(Code::E_LIMIT, "nesting deeper than 128", "split the rule");
  return false;
}

// ---- saying what is wrong

// Operators and relations that the language does not have, and names that need quotes.
bool Parser::refuse_habit() {
  const std::size_t ahead = at_word("not") ? 1 : 0;
  const Token& token = peek(ahead);
  const std::string_view spelling = text_of(text_, token);
  if (token.kind == TokenKind::Foreign || token.kind == TokenKind::Name) {
    if (const ForeignWord* foreign = find_foreign(spelling)) {
      refusal_->because(Code::E_FOREIGN, token.range,
                        fmt::format("'{}': {}", spelling, foreign->instead),
                        std::string(foreign->hint));
      return true;
    }
  }
  if (token.kind == TokenKind::Relation || token.kind == TokenKind::Name) {
    if (const auto relation = method_for_relation(spelling); !relation.empty()) {
      refusal_->because(
          Code::E_RELATION, token.range,
          fmt::format("'{}' between two selectors is not part of the language", spelling),
          fmt::format("use a span method, e.g. trace.has(B and span.{}(A))", relation));
      return true;
    }
  }
  if (at(TokenKind::Colon) || at(TokenKind::Hash)) {
    refuse(Code::E_UNQUOTED, "names containing - / : # * and the like must be quoted",
           "trace.has(\"payment-service\")");
    return true;
  }
  return false;
}

std::nullptr_t Parser::refuse_operand() {
  if ((at(TokenKind::Foreign) || at(TokenKind::Relation)) && refuse_habit()) return nullptr;
  const char* hint =
      at(TokenKind::End) ? "the rule ends too early" : "a value or a name is missing";
  return refuse(Code::E_EXPECTED, fmt::format("expected an operand, found {}", shown(peek())),
                hint);
}

std::string Parser::missing_connective() const {
  return at_word("by") ? "write the keys in parentheses: by (key)" : "is 'and' or 'or' missing?";
}

// At a token where a complete rule should have ended.
std::nullptr_t Parser::refuse_trailing() {
  if (refuse_habit()) return nullptr;
  const bool clause = at_word("when") || at_word("always") || at_word("never");
  if (clause && at(TokenKind::LeftBrace, 1)) {
    return refuse(Code::E_CLAUSE, kClauseForm, kClauseHint);
  }
  return refuse(Code::E_TRAILING, fmt::format("unexpected {} after the expression", shown(peek())),
                missing_connective());
}

// Takes the closing token. Where an operand stands instead, a connective is missing.
bool Parser::close(TokenKind closer, std::string_view name) {
  if (take(closer)) return true;
  if (refuse_habit()) return false;
  const bool word_follows = at(TokenKind::Name) || at_operand(0) || at(TokenKind::Bang);
  refuse(word_follows ? Code::E_TRAILING : Code::E_EXPECTED,
         fmt::format("expected '{}', found {}", name, shown(peek())),
         word_follows ? missing_connective() : fmt::format("add the missing '{}'", name));
  return false;
}

// ---- rule, clause, block

RuleSyntax Parser::rule() {
  RuleSyntax result;
  const bool clause = at_word("when") || at_word("always") || at_word("never");
  if (at_word("when") && at(TokenKind::LeftBrace, 1)) {
    blocks(&result);
  } else if (clause && (at(TokenKind::LeftBrace, 1) || at(TokenKind::LeftParenthesis, 1) ||
                        at_operand(1) || (at_word("not", 1) && !comparison_at(2)))) {
    refuse(Code::E_CLAUSE, kClauseForm, kClauseHint);
  } else {
    result.expression = expression();
    if (result.expression != nullptr && !at(TokenKind::End)) refuse_trailing();
  }
  if (*refusal_) return {};
  return result;
}

void Parser::blocks(RuleSyntax* result) {
  result->when = block("when");
  while (!*refusal_ && (at_word("always") || at_word("never"))) {
    const std::string clause(word());
    Node* slot = clause == "always" ? &result->always : &result->never;
    if (*slot != nullptr) {
      refuse(Code::E_CLAUSE, fmt::format("'{}' appears twice", clause),
             "join the conditions with and");
      return;
    }
    *slot = block(clause);
  }
  if (*refusal_) return;
  if (result->always == nullptr && result->never == nullptr) {
    refusal_->because(Code::E_WHEN_ONLY, tokens_.front().range, "'when' needs 'always' or 'never'",
                      "to report every match drop the when { } wrapper");
  } else if (at_word("when")) {
    refuse(Code::E_CLAUSE, kClauseForm, kClauseHint);
  } else if (!at(TokenKind::End)) {
    refuse_trailing();
  }
}

Node Parser::block(std::string_view clause) {
  ++at_;
  if (!take(TokenKind::LeftBrace)) {
    return refuse(Code::E_CLAUSE, fmt::format("'{}' needs braces", clause),
                  fmt::format("write {} {{ A }}", clause));
  }
  Node condition = expression();
  if (condition == nullptr || !close(TokenKind::RightBrace, "}")) return nullptr;
  return condition;
}

// ---- expressions, loosest first

Node Parser::expression() {
  Node first = conjunction();
  if (first == nullptr || !at_word("or")) return first;
  Node disjunction = parent_of(SyntaxKind::Or, std::move(first));
  while (disjunction != nullptr && at_word("or")) {
    ++at_;
    if (!count_node(peek().range) || !adopt(disjunction.get(), conjunction())) return nullptr;
    disjunction->range = range_from(disjunction->range);
  }
  return disjunction;
}

Node Parser::conjunction() {
  Node first = negation();
  if (first == nullptr || !at_word("and")) return first;
  Node both = parent_of(SyntaxKind::And, std::move(first));
  while (both != nullptr && at_word("and")) {
    ++at_;
    if (!count_node(peek().range) || !adopt(both.get(), negation())) return nullptr;
    both->range = range_from(both->range);
  }
  return both;
}

Node Parser::negation() {
  const std::size_t begin = at_;
  while (at_word("not") || at(TokenKind::Bang)) {
    if (at_ - begin == kNestingMax) {
      return refuse(Code::E_LIMIT, "more than 128 consecutive 'not'", "split the rule");
    }
    ++at_;
  }
  std::size_t operators = at_;
  Node node = comparison();
  for (; node != nullptr && operators > begin; --operators) {
    const SourceRange first = tokens_[operators - 1].range;
    node = parent_of(SyntaxKind::Not, std::move(node));
    if (node != nullptr) node->range = range_from(first);
  }
  return node;
}

Node Parser::comparison() {
  Node left = sum();
  if (left == nullptr) return nullptr;
  const bool negated = at_word("not") && at(TokenKind::Name, 1) && comparison_at(1).has_value();
  const auto comparison = comparison_at(negated ? 1 : 0);
  if (!comparison) return left;
  at_ += negated ? 2 : 1;
  Node right = sum();
  if (right == nullptr) return nullptr;
  Node node = parent_of(SyntaxKind::Compare, std::move(left), std::move(right));
  if (node == nullptr) return nullptr;
  node->comparison = *comparison;
  node->negated = negated;
  if (comparison_at(0) || (at_word("not") && comparison_at(1))) {
    return refuse(Code::E_CHAINED, "comparisons do not chain", "join two comparisons with 'and'");
  }
  return node;
}

Node Parser::sum() {
  Node left = term();
  while (left != nullptr && (at(TokenKind::Plus) || at(TokenKind::Minus))) {
    const SyntaxKind kind = at(TokenKind::Plus) ? SyntaxKind::Add : SyntaxKind::Subtract;
    ++at_;
    Node right = term();
    if (right == nullptr) return nullptr;
    left = parent_of(kind, std::move(left), std::move(right));
  }
  return left;
}

Node Parser::term() {
  Node left = unary();
  while (left != nullptr && (at(TokenKind::Star) || at(TokenKind::Slash))) {
    const SyntaxKind kind = at(TokenKind::Star) ? SyntaxKind::Multiply : SyntaxKind::Divide;
    ++at_;
    Node right = unary();
    if (right == nullptr) return nullptr;
    left = parent_of(kind, std::move(left), std::move(right));
  }
  return left;
}

Node Parser::unary() {
  const std::size_t begin = at_;
  while (at(TokenKind::Minus) || at(TokenKind::Hash)) {
    if (at_ - begin == kNestingMax) {
      return refuse(Code::E_LIMIT, "nesting deeper than 128", "split the rule");
    }
    ++at_;
  }
  std::size_t operators = at_;
  const bool negative_literal = at_ > begin && at_negative_literal();
  if (negative_literal) at_ = --operators;
  Node node = negative_literal ? number() : postfix();
  for (; node != nullptr && operators > begin; --operators) {
    const Token& sign = tokens_[operators - 1];
    node = parent_of(sign.kind == TokenKind::Minus ? SyntaxKind::Negate : SyntaxKind::Length,
                     std::move(node));
    if (node != nullptr) node->range = range_from(sign.range);
  }
  return node;
}

// True after a minus if a number follows that nothing else is applied to: -2^63 is an integer,
// 2^63 is none.
bool Parser::at_negative_literal() const noexcept {
  return tokens_[at_ - 1].kind == TokenKind::Minus &&
         (at(TokenKind::Number) || at(TokenKind::Duration)) && !at(TokenKind::Dot, 1) &&
         !at(TokenKind::Colon, 1) && !at(TokenKind::LeftBracket, 1);
}

// ---- postfix

Node Parser::postfix() {
  Node node = primary();
  while (node != nullptr) {
    if (take(TokenKind::Dot)) {
      node = at(TokenKind::LeftParenthesis, 1) ? method(std::move(node)) : member(std::move(node));
    } else if (at(TokenKind::Colon) && at(TokenKind::Name, 1) &&
               at(TokenKind::LeftParenthesis, 2)) {
      ++at_;
      node = method(std::move(node));
    } else if (take(TokenKind::LeftBracket)) {
      node = index(std::move(node));
    } else if (at_word("by") && at(TokenKind::LeftParenthesis, 1)) {
      node = by(std::move(node));
    } else {
      break;
    }
  }
  return node;
}

// A name after a point; the point is taken. In a path it becomes one more segment.
Node Parser::member(Node target) {
  if (!at(TokenKind::Name)) {
    return refuse(Code::E_EXPECTED,
                  fmt::format("expected a name after '.', found {}", shown(peek())),
                  "names with other characters than letters, digits, _ and . must be quoted");
  }
  const bool path = target->kind == SyntaxKind::Path;
  // Below a span or a resource `where` may be part of an attribute's key.
  const bool key =
      path && target->names.size() > 1 &&
      (target->names[0] == "span" || target->names[0] == "anchor" ||
       target->names[0] == "resource" || target->names[0] == "event" || target->names[0] == "link");
  if (at_word("where") && !key) {
    return refuse(Code::E_WHERE, ".where needs a parenthesised condition", ".where(amount > 1000)");
  }
  const std::string_view segment = word();
  const SourceRange segment_range = peek().range;
  ++at_;
  if (path) {
    if (!count_node(segment_range)) return nullptr;
    target->names.push_back(segment);
    target->range = range_from(target->range);
    return target;
  }
  Node node = parent_of(SyntaxKind::Member, std::move(target));
  if (node == nullptr) return nullptr;
  node->names.push_back(segment);
  node->name_range = segment_range;
  return node;
}

// A method call; the point or colon is taken.
Node Parser::method(Node target) {
  if (!at(TokenKind::Name)) return member(std::move(target));
  const SourceRange first = target->range;
  Node call = make(SyntaxKind::Call, first);
  if (call == nullptr || !adopt(call.get(), std::move(target))) return nullptr;
  call->names.push_back(word());
  call->name_range = peek().range;
  at_ += 2;
  if (!arguments(call.get())) return nullptr;
  call->range = range_from(first);
  return call;
}

// An index; the bracket is taken. What may stand in it is for the checker to say.
Node Parser::index(Node target) {
  if (!enter()) return nullptr;
  Node key = expression();
  leave();
  if (key == nullptr || !close(TokenKind::RightBracket, "]")) return nullptr;
  return parent_of(SyntaxKind::Index, std::move(target), std::move(key));
}

Node Parser::by(Node target) {
  const SourceRange first = target->range;
  Node node = make(SyntaxKind::By, first);
  if (node == nullptr || !adopt(node.get(), std::move(target))) return nullptr;
  node->name_range = peek().range;
  at_ += 2;
  if (!arguments(node.get())) return nullptr;
  node->range = range_from(first);
  return node;
}

// Arguments and the closing parenthesis; the opening one is taken. None at all is for the checker
// to refuse, since it knows what is missing.
bool Parser::arguments(Syntax* call) {
  if (take(TokenKind::RightParenthesis)) return true;
  if (!enter()) return false;
  do {
    if (!adopt(call, expression())) return false;
  } while (take(TokenKind::Comma));
  leave();
  return close(TokenKind::RightParenthesis, ")");
}

// ---- primary

Node Parser::primary() {
  switch (peek().kind) {
    case TokenKind::String:
      return string();
    case TokenKind::Number:
    case TokenKind::Duration:
      return number();
    case TokenKind::LeftParenthesis:
      return parenthesis();
    case TokenKind::LeftBracket:
      return list();
    case TokenKind::Name:
      if (at_reserved()) return refuse_operand();
      if (at_word("true") || at_word("false") || at_word("nil") || at_word("null")) {
        return word_literal();
      }
      return name();
    default:
      return refuse_operand();
  }
}

Node Parser::name() {
  const bool call = at(TokenKind::LeftParenthesis, 1);
  const bool foreign = find_foreign(word()) != nullptr;
  if (foreign && (call || at_operand(1))) {
    refuse_habit();
    return nullptr;
  }
  Node node = make(call ? SyntaxKind::Call : SyntaxKind::Path, peek().range);
  if (node == nullptr) return nullptr;
  node->names.push_back(word());
  node->name_range = peek().range;
  ++at_;
  if (!call) return node;
  ++at_;
  node->children.push_back(nullptr);
  if (!arguments(node.get())) return nullptr;
  node->range = range_from(node->range);
  return node;
}

Node Parser::string() {
  Node node = make(SyntaxKind::Literal, peek().range);
  if (node == nullptr) return nullptr;
  node->literal.type = Literal::Type::String;
  node->literal.text = string_value(text_of(text_, peek()));
  ++at_;
  return node;
}

Node Parser::number() {
  Node node = make(SyntaxKind::Literal, peek().range);
  if (node == nullptr || !number_item(&node->literal)) return nullptr;
  node->range = range_from(node->range);
  return node;
}

Node Parser::word_literal() {
  Node node = make(SyntaxKind::Literal, peek().range);
  if (node == nullptr) return nullptr;
  const bool boolean = at_word("true") || at_word("false");
  node->literal.type = boolean ? Literal::Type::Bool : Literal::Type::Nil;
  node->literal.boolean = at_word("true");
  ++at_;
  return node;
}

Node Parser::parenthesis() {
  if (!enter()) return nullptr;
  ++at_;
  Node inner = expression();
  leave();
  if (inner == nullptr || !close(TokenKind::RightParenthesis, ")")) return nullptr;
  return inner;
}

// ---- lists

Node Parser::list() {
  Node node = make(SyntaxKind::List, peek().range);
  if (node == nullptr) return nullptr;
  node->literal.type = Literal::Type::List;
  ++at_;
  if (!take(TokenKind::RightBracket)) {
    do {
      if (node->literal.items.size() == kListItemsMax) {
        return refuse(Code::E_LIMIT, "list longer than 1000 items", "split the rule");
      }
      if (!count_node(peek().range) || !item(&node->literal.items.emplace_back())) return nullptr;
    } while (take(TokenKind::Comma));
    if (!take(TokenKind::RightBracket)) {
      return refuse(Code::E_EXPECTED, fmt::format("expected ']', found {}", shown(peek())),
                    "items are constants, separated by commas");
    }
  }
  node->range = range_from(node->range);
  return node;
}

bool Parser::item(Literal* result) {
  if (at(TokenKind::Number) || at(TokenKind::Duration) || at(TokenKind::Minus)) {
    return number_item(result);
  }
  if (at(TokenKind::String)) {
    result->type = Literal::Type::String;
    result->text = string_value(text_of(text_, peek()));
  } else if (at_word("true") || at_word("false")) {
    result->type = Literal::Type::Bool;
    result->boolean = at_word("true");
  } else if (at_word("nil") || at_word("null")) {
    result->type = Literal::Type::Nil;
  } else if (at(TokenKind::Name) && !at_reserved()) {
    result->type = Literal::Type::String;
    result->text = std::string(word());
  } else {
    refuse(Code::E_EXPECTED, fmt::format("expected a list item, found {}", shown(peek())),
           "items are constants, separated by commas");
    return false;
  }
  ++at_;
  return true;
}

// [ "-" ] ( NUMBER | DURATION )
bool Parser::number_item(Literal* result) {
  const bool negative = take(TokenKind::Minus);
  const std::string_view literal = text_of(text_, peek());
  if (at(TokenKind::Duration)) {
    result->type = Literal::Type::Duration;
    result->integer = duration_value(literal).value_or(0) * (negative ? -1 : 1);
  } else if (at(TokenKind::Number)) {
    const NumberValue value = number_value(literal).value_or(NumberValue{});
    constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63;
    if (value.is_integer && value.integer == kTwoTo63 && !negative) {
      refuse(Code::E_NUMBER, "number out of range", "integers have 64 bits");
      return false;
    }
    result->type = value.is_integer ? Literal::Type::Int : Literal::Type::Double;
    const std::uint64_t integer = negative ? 0 - value.integer : value.integer;
    result->integer = static_cast<std::int64_t>(integer);
    result->real = negative ? -value.real : value.real;
  } else {
    refuse(Code::E_EXPECTED, fmt::format("expected a number after '-', found {}", shown(peek())),
           "text and words have no sign");
    return false;
  }
  ++at_;
  return true;
}

}  // namespace

RuleSyntax parse(std::string_view text, const std::vector<Token>& tokens, Refusal* refusal) {
  return Parser(text, tokens, refusal).rule();
}

}  // namespace betrace::rules
