# How this project declares its targets. The target graph is the architecture: a room may include
# the headers of the rooms it links and no others (tests/lint/rooms checks the includes against it).

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
include(GNUInstallDirs)

option(EDGENEXT_WERROR "Treat warnings as errors" OFF)
set(EDGENEXT_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=: address,undefined or thread")

# Private flags of every target of ours: warnings, hardening, sanitizers.
add_library(edgenext_flags INTERFACE)
target_compile_options(edgenext_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wold-style-cast
  $<$<BOOL:${EDGENEXT_WERROR}>:-Werror>
  -fstack-protector-strong -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_link_options(edgenext_flags INTERFACE -Wl,-z,relro,-z,now)
if(EDGENEXT_SANITIZE)
  target_compile_options(edgenext_flags INTERFACE
    -fsanitize=${EDGENEXT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(edgenext_flags INTERFACE -fsanitize=${EDGENEXT_SANITIZE})
else()
  target_compile_definitions(edgenext_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()

set_property(GLOBAL PROPERTY EDGENEXT_ROOMS "")

# What `./dev test` and `./dev bench` build: every test or benchmark, and what those need.
add_custom_target(edgenext_tests)
add_custom_target(edgenext_benchmarks)

# edgenext_library(model_base SRCS a.cc … DEPS edgenext::other … [PRIVATE_DEPS third::party …])
# Declares the room in this folder: library edgenext_model_base, alias edgenext::model_base.
# Without SRCS the room is header-only.
function(edgenext_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SRCS;DEPS;PRIVATE_DEPS")
  set(target edgenext_${name})
  if(arg_SRCS)
    add_library(${target} STATIC ${arg_SRCS})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
    target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS}
                                    PRIVATE $<BUILD_INTERFACE:edgenext_flags>)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
    target_link_libraries(${target} INTERFACE ${arg_DEPS})
  endif()
  add_library(edgenext::${name} ALIAS ${target})
  edgenext_note_room(${name} ${arg_DEPS} ${arg_PRIVATE_DEPS})
endfunction()

# Notes for rooms.txt that the target NAME of this folder links the rest.
function(edgenext_note_room name)
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  list(JOIN ARGN " " links)
  set_property(GLOBAL APPEND PROPERTY EDGENEXT_ROOMS "${name} ${folder} ${links}")
endfunction()

# edgenext_program(edgenext-server [NOT_INSTALLED] SRCS main.cc DEPS …): a program, installed unless said otherwise.
function(edgenext_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NOT_INSTALLED" "" "SRCS;DEPS")
  add_executable(${name} ${arg_SRCS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} edgenext_flags)
  if(NOT EDGENEXT_SANITIZE MATCHES "thread")
    add_dependencies(edgenext_tests ${name})
  endif()
  add_dependencies(edgenext_benchmarks ${name})
  edgenext_note_room(${name} ${arg_DEPS})
  if(NOT arg_NOT_INSTALLED)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# edgenext_test(arena_test SRCS arena_test.cc DEPS edgenext::model_base … [LABELS tsan …] [ARGS …] [TIMEOUT s])
# A GoogleTest binary, one ctest entry. Label `tsan` marks the gRPC-free tests that run under ThreadSanitizer.
# Tests get the compile definition EDGENEXT_TEST_DATA, the absolute path of tests/data.
function(edgenext_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SRCS;DEPS;LABELS;ARGS")
  if(EDGENEXT_SANITIZE MATCHES "thread" AND NOT "tsan" IN_LIST arg_LABELS)
    return()
  endif()
  add_executable(${name} ${arg_SRCS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
  target_compile_definitions(${name} PRIVATE EDGENEXT_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main edgenext_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_dependencies(edgenext_tests ${name})
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# edgenext_benchmark(xca_benchmark SRCS … DEPS …): a Google Benchmark binary, built with the tests, run by `./dev bench`.
function(edgenext_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SRCS;DEPS")
  if(EDGENEXT_SANITIZE)
    return()
  endif()
  add_executable(${name} ${arg_SRCS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} benchmark::benchmark_main edgenext_flags)
  add_dependencies(edgenext_benchmarks ${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
endfunction()

# Writes rooms.txt, one room a line: NAME FOLDER DEPENDENCY…
function(edgenext_write_rooms)
  get_property(rooms GLOBAL PROPERTY EDGENEXT_ROOMS)
  list(JOIN rooms "\n" text)
  file(WRITE "${CMAKE_BINARY_DIR}/rooms.txt" "${text}\n")
endfunction()
