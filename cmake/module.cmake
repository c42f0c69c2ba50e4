# betrace_module(<name> [HOT] DEPENDS <modules> USES <libraries> TEST_USES <libraries>)
#
# One folder of src/betrace is one static library, with its tests and fuzz targets beside the code:
#   x.h x.cc     betrace_<name>; HOT: it is on the way of a span, see betrace_link_time
#   x_test.cc    all of a folder's together are the program <name>_test
#   x_fuzz.cc    the program <name>_x_fuzz with BETRACE_FUZZ, else <name>_x_fuzz_seeds_test, which
#                runs it on its seeds, tests/fuzz/<x>/
#   testing/     betrace_<name>_testing: what tests and fuzz targets share; never in the program
#   x_bench.cc   all of all folders together are one program, see betrace_benchmarks
function(betrace_module name)
  cmake_parse_arguments(ARG "HOT" "" "DEPENDS;USES;TEST_USES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/betrace/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${folder}/*_fuzz.cc)
  file(GLOB benches CONFIGURE_DEPENDS ${folder}/*_bench.cc)
  list(REMOVE_ITEM sources ${folder}/main.cc ${tests} ${fuzzers} ${benches})
  list(TRANSFORM ARG_DEPENDS PREPEND betrace_ OUTPUT_VARIABLE modules)

  if(NOT sources)
    set(sources ${CMAKE_SOURCE_DIR}/src/betrace/base/version.cc)
  endif()
  add_library(betrace_${name} STATIC ${sources})
  target_include_directories(betrace_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(betrace_${name} PUBLIC ${modules} ${ARG_USES} Threads::Threads)
  betrace_whole_module(betrace_${name})
  if(ARG_HOT AND BETRACE_LINK_TIME)
    # Code of both kinds, see betrace_quick_link.
    target_compile_options(betrace_${name} PRIVATE -O3 -flto -ffat-lto-objects ${quiet_at_o3})
  endif()
  if(BETRACE_FUZZ)
    target_compile_options(betrace_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()

  file(GLOB shared CONFIGURE_DEPENDS ${folder}/testing/*.cc)
  set(tested betrace_${name})
  if(shared AND (BETRACE_TESTS OR BETRACE_FUZZ))
    add_library(betrace_${name}_testing STATIC EXCLUDE_FROM_ALL ${shared})
    target_link_libraries(betrace_${name}_testing PUBLIC betrace_${name})
    if(BETRACE_FUZZ)
      target_compile_options(betrace_${name}_testing PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    betrace_whole_module(betrace_${name}_testing)
    set(tested betrace_${name}_testing)
  endif()

  if(BETRACE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${tested} ${ARG_TEST_USES} GTest::gmock
                                               GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE BETRACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    betrace_quick_link(${name}_test)
    betrace_whole_module(${name}_test)
    set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  endif()
  foreach(fuzzer ${fuzzers})
    get_filename_component(stem ${fuzzer} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" seeds ${stem})
    if(BETRACE_FUZZ)
      add_executable(${name}_${stem} ${fuzzer})
      target_link_libraries(${name}_${stem} PRIVATE ${tested})
      target_link_options(${name}_${stem} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${name}_${stem} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                       ${CMAKE_BINARY_DIR}/fuzzers)
    elseif(BETRACE_TESTS)
      add_executable(${name}_${stem}_seeds_test ${fuzzer} ${CMAKE_SOURCE_DIR}/tests/fuzz/seeds_test.cc)
      target_link_libraries(${name}_${stem}_seeds_test PRIVATE ${tested} ${ARG_TEST_USES}
                                                               GTest::gtest_main)
      betrace_quick_link(${name}_${stem}_seeds_test)
      target_compile_definitions(${name}_${stem}_seeds_test
                                 PRIVATE BETRACE_SEEDS="${CMAKE_SOURCE_DIR}/tests/fuzz/${seeds}")
      set_target_properties(${name}_${stem}_seeds_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                                  ${CMAKE_BINARY_DIR}/tests)
    endif()
  endforeach()
endfunction()

# Compiles the sources of a target as few translation units, so names in their unnamed namespaces
# must differ within a module.
function(betrace_whole_module target)
  if(BETRACE_WHOLE_MODULES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 20)
    # What is right in one source may look wrong in the company of others.
    target_compile_options(${target} PRIVATE -Wno-shadow
                                             $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# fmt 9 is right; g++ 12 cannot see it once everything is inlined.
set(quiet_at_o3 -Wno-stringop-overflow)

# Optimizes a program across the modules on the way of a span: what is shipped, and what is measured.
function(betrace_link_time target)
  if(BETRACE_LINK_TIME)
    target_link_options(${target} PRIVATE -O3 -flto=auto ${quiet_at_o3})
  endif()
endfunction()

# Links a test in no time.
function(betrace_quick_link target)
  if(BETRACE_LINK_TIME)
    target_link_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()

# betrace_program(<name> <main source> <library>)
function(betrace_program name main library)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${main} AND NOT BETRACE_FUZZ)
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${library})
    betrace_link_time(${name})
  endif()
endfunction()

# betrace_benchmarks(<name> <libraries>): every x_bench.cc, measured in one process.
function(betrace_benchmarks name)
  file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/betrace/*/*_bench.cc)
  add_executable(${name} ${benches})
  target_link_libraries(${name} PRIVATE ${ARGN} benchmark::benchmark benchmark::benchmark_main)
  betrace_link_time(${name})
endfunction()

# betrace_oracle(<target> <.proto file>): generated messages that judge our own reader, in tests only.
function(betrace_oracle name proto)
  get_filename_component(folder ${CMAKE_SOURCE_DIR}/${proto} DIRECTORY)
  get_filename_component(stem ${proto} NAME_WE)
  set(out ${CMAKE_BINARY_DIR}/oracle)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(
    OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
    COMMAND protobuf::protoc --cpp_out=${out} -I ${folder} ${CMAKE_SOURCE_DIR}/${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/${proto})
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_compile_options(${name} PRIVATE -w)
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf)
endfunction()
