#include "betrace/base/version.h"

namespace betrace {

std::string_view version() noexcept { return BETRACE_VERSION; }

}  // namespace betrace
