# betrace_embed(<module> <function> <header> <file>): builds the text of a file into the program, as
# `std::string_view betrace::<module>::<function>() noexcept`, which the header declares.
function(betrace_embed module function header file)
  set(generated ${CMAKE_BINARY_DIR}/generated/${function}.cc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(READ ${CMAKE_SOURCE_DIR}/${file} TEXT)
  file(CONFIGURE OUTPUT ${generated} CONTENT [==[
#include "@header@"

namespace betrace::@module@ {

std::string_view @function@() noexcept {
  return R"~~~(@TEXT@)~~~";
}

}  // namespace betrace::@module@
]==] @ONLY)
  target_sources(betrace_${module} PRIVATE ${generated})
endfunction()

# So that `betrace demo` needs no file beside it, and the program can describe itself.
betrace_embed(app starter_pack_yaml betrace/app/starter_pack.h rules/starter/rules.yaml)
betrace_embed(api openapi_components_yaml betrace/api/openapi_components.h
              src/betrace/api/openapi_components.yaml)
