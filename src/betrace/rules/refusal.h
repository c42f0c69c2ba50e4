// Where a stage of the checker notes why it refuses a rule.
//
// A stage that fails notes the reason here and returns nothing; its callers return nothing in turn.
// The first reason stays: later ones would only be its consequences.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "betrace/rules/diagnostic.h"

namespace betrace::rules {

/// Not shared between threads.
class Refusal {
 public:
  /// Notes the reason unless there is one. Returns nullptr, so that callers can return the call.
  std::nullptr_t because(Code code, SourceRange range, std::string message, std::string hint = {}) {
    if (!reason_) reason_ = Diagnostic{code, std::move(message), std::move(hint), range, 1, 1};
    return nullptr;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return reason_.has_value(); }
  /// Requires: there is one.
  [[nodiscard]] const Diagnostic& reason() const { return *reason_; }

 private:
  std::optional<Diagnostic> reason_;
};

}  // namespace betrace::rules
