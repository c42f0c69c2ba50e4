# Flags that every target shares. Warnings are errors in every preset.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(BETRACE_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Both report inlined code of the standard library that is right.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict)
endif()

if(BETRACE_SANITIZE)
  add_compile_options(-fsanitize=${BETRACE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BETRACE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Clang 14 cannot emit the data of this check for coroutines; the unit that has them does without.
    set_source_files_properties(src/betrace/http/server.cc PROPERTIES COMPILE_OPTIONS
                                                                      -fno-sanitize=function)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection
                      -fcf-protection=full -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
if(BETRACE_MUTANTS)
  add_compile_definitions(BETRACE_MUTANTS)
endif()
if(BETRACE_COVERAGE)
  add_compile_options(--coverage -fprofile-abs-path)
  add_link_options(--coverage)
endif()

find_program(BETRACE_CCACHE ccache)
if(BETRACE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BETRACE_CCACHE})
endif()
find_program(BETRACE_MOLD mold)
if(BETRACE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
