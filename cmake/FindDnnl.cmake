# Finds oneDNN by header and library. Debian's own dnnl-config.cmake insists on OpenCL development
# packages that a CPU build does not need.
# Defines Dnnl::Dnnl and DNNL_VERSION.
find_path(Dnnl_INCLUDE_DIR NAMES oneapi/dnnl/dnnl.hpp)
find_library(Dnnl_LIBRARY NAMES dnnl)

if(Dnnl_INCLUDE_DIR)
  file(STRINGS "${Dnnl_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h" version_lines
       REGEX "#define DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" version_numbers "${version_lines}")
  string(REPLACE ";" "." Dnnl_VERSION "${version_numbers}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Dnnl REQUIRED_VARS Dnnl_LIBRARY Dnnl_INCLUDE_DIR VERSION_VAR Dnnl_VERSION)

if(Dnnl_FOUND AND NOT TARGET Dnnl::Dnnl)
  add_library(Dnnl::Dnnl UNKNOWN IMPORTED)
  set_target_properties(Dnnl::Dnnl PROPERTIES
    IMPORTED_LOCATION "${Dnnl_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Dnnl_INCLUDE_DIR}")
endif()
