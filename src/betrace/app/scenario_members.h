// Reading members of a JSON object with errors that say where, for the readers of rule tests.
//
// Every member must be asked for; what nobody asked for is unknown and an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"

namespace betrace::app {

/// One object. The first error is kept; readers go on and ask for it at the end. Owned by one call.
class ScenarioMembers {
 public:
  /// `place` names the object in errors: `case 'x': spans[2]`.
  ScenarioMembers(const Json& object, std::string place);

  /// The member, or null if it is absent.
  [[nodiscard]] const Json* find(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;
  /// Says that somebody else reads the member.
  void skip(std::string_view name) { asked_.emplace(name); }

  /// Each returns the member as its type, or nothing if it is absent or wrong.
  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> time(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> count(std::string_view name);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);

  /// Calls `visit` with each member; all count as asked for.
  void each(const std::function<void(const std::string& name, const Json& value)>& visit);

  void fail(std::string_view name, std::string_view what);
  void fail(const Error& error);
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

  /// Nothing, or the first error; an unknown member is one.
  [[nodiscard]] Result<void> finish();

 private:
  const Json& object_;
  std::string place_;
  std::set<std::string, std::less<>> asked_;
  std::optional<Error> error_;
};

/// A scalar as the text that it is compared by: `true`, `5`, `1.5`, `none` for null. Nothing for
/// lists and objects.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);

}  // namespace betrace::app
