# Builds rules/starter/rules.yaml into the program, so that `betrace demo` needs no file beside it.
set(pack ${CMAKE_SOURCE_DIR}/rules/starter/rules.yaml)
set(generated ${CMAKE_BINARY_DIR}/generated/starter_pack.cc)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pack})
file(READ ${pack} STARTER_PACK_YAML)
file(CONFIGURE OUTPUT ${generated} CONTENT [==[
#include "betrace/app/starter_pack.h"

namespace betrace::app {

std::string_view starter_pack_yaml() noexcept {
  return R"~~~(@STARTER_PACK_YAML@)~~~";
}

}  // namespace betrace::app
]==] @ONLY)
target_sources(betrace_app PRIVATE ${generated})
