# Finds civetweb and its C++ wrapper by header and library. Defines Civetweb::Civetweb.
find_path(Civetweb_INCLUDE_DIR NAMES CivetServer.h)
find_library(Civetweb_CPP_LIBRARY NAMES civetweb-cpp)
find_library(Civetweb_LIBRARY NAMES civetweb)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Civetweb REQUIRED_VARS Civetweb_CPP_LIBRARY Civetweb_LIBRARY Civetweb_INCLUDE_DIR)

if(Civetweb_FOUND AND NOT TARGET Civetweb::Civetweb)
  add_library(Civetweb::Civetweb UNKNOWN IMPORTED)
  set_target_properties(Civetweb::Civetweb PROPERTIES
    IMPORTED_LOCATION "${Civetweb_CPP_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Civetweb_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${Civetweb_LIBRARY}")
endif()
