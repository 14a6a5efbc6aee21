# Third-party packages, all from the distribution. Which room may use which: CONTRIBUTING.md, "Rooms".

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpencvCodecs REQUIRED)  # cmake/FindOpencvCodecs.cmake
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Dnnl REQUIRED)      # cmake/FindDnnl.cmake
find_package(Civetweb REQUIRED)  # cmake/FindCivetweb.cmake

if(EDGENEXT_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()
