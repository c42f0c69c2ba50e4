#include "betrace/model/control.h"

namespace betrace::model {

std::vector<Control> controls_of(std::span<const std::string> tags) {
  std::vector<Control> controls;
  for (const std::string& tag : tags) {
    const std::size_t colon = tag.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == tag.size()) continue;
    controls.push_back({tag.substr(0, colon), tag.substr(colon + 1)});
  }
  return controls;
}

}  // namespace betrace::model
