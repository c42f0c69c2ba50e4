#include "betrace/rules/regex.h"

#include <re2/re2.h>

#include <utility>

namespace betrace::rules {
namespace {

// Bounds what RE2 compiles an expression to, and with it the size of its lazily built automata.
constexpr std::int64_t kRegexMemoryMax = std::int64_t{1} << 20;

RE2::Options options() {
  RE2::Options result;
  result.set_log_errors(false);
  result.set_max_mem(kRegexMemoryMax);
  return result;
}

bool asks_for_more_than_linear_time(const RE2& program) {
  const std::string& part = program.error_arg();
  if (program.error_code() == RE2::ErrorBadPerlOp) return true;
  return program.error_code() == RE2::ErrorBadEscape && part.size() == 2 && part[1] >= '1' &&
         part[1] <= '9';
}

std::string explain(const RE2& program) {
  if (asks_for_more_than_linear_time(program)) {
    return "look-around, back-references and possessive repeats are not supported";
  }
  if (program.error_code() == RE2::ErrorPatternTooLarge) return "the expression is too large";
  return program.error();
}

}  // namespace

struct Regex::Program {
  explicit Program(std::string_view text)
      : expression(text), compiled(re2::StringPiece(text.data(), text.size()), options()) {}

  std::string expression;
  RE2 compiled;
};

Regex::Regex(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Regex::~Regex() = default;

Result<std::unique_ptr<Regex>> Regex::compile(std::string_view expression) {
  if (expression.size() > kRegexBytesMax) {
    return fail(ErrorCode::InvalidArgument, "the expression is longer than 1000 bytes");
  }
  auto program = std::make_unique<Program>(expression);
  if (!program->compiled.ok()) {
    return fail(ErrorCode::InvalidArgument, explain(program->compiled));
  }
  return std::unique_ptr<Regex>(new Regex(std::move(program)));
}

bool Regex::search(std::string_view text) const {
  const std::string_view searched = text.substr(0, kRegexSearchBytesMax);
  return RE2::PartialMatch(re2::StringPiece(searched.data(), searched.size()), program_->compiled);
}

const std::string& Regex::expression() const noexcept { return program_->expression; }

}  // namespace betrace::rules
