# Finds OpenCV's core, imgproc and imgcodecs by header and library: Debian's OpenCVConfig.cmake comes only with
# libopencv-dev, which pulls over 200 packages. Defines OpencvCodecs::OpencvCodecs.
find_path(OpencvCodecs_INCLUDE_DIR NAMES opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
set(OpencvCodecs_libraries "")
set(OpencvCodecs_required OpencvCodecs_INCLUDE_DIR)
foreach(module imgcodecs imgproc core)
  find_library(OpencvCodecs_${module}_LIBRARY NAMES opencv_${module})
  list(APPEND OpencvCodecs_required OpencvCodecs_${module}_LIBRARY)
  list(APPEND OpencvCodecs_libraries "${OpencvCodecs_${module}_LIBRARY}")
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpencvCodecs REQUIRED_VARS ${OpencvCodecs_required})

if(OpencvCodecs_FOUND AND NOT TARGET OpencvCodecs::OpencvCodecs)
  add_library(OpencvCodecs::OpencvCodecs INTERFACE IMPORTED)
  set_target_properties(OpencvCodecs::OpencvCodecs PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${OpencvCodecs_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${OpencvCodecs_libraries}")
endif()
