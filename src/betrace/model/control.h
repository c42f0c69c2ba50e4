// The controls of a compliance framework that a rule is evidence for, as its tags name them.
#pragma once

#include <compare>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace betrace::model {

/// Who changes what is watched for: every change of a rule is evidence for this one.
inline constexpr std::string_view kChangeControl = "soc2:CC8.1";

struct Control {
  std::string framework;  ///< `soc2`
  std::string name;       ///< `CC6.1`

  /// `soc2:CC6.1`
  [[nodiscard]] std::string tag() const { return framework + ":" + name; }

  friend auto operator<=>(const Control&, const Control&) = default;
};

/// The controls among the tags of a rule: those of the form `framework:control`.
[[nodiscard]] std::vector<Control> controls_of(std::span<const std::string> tags);

}  // namespace betrace::model
