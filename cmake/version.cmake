# What `--version` and every record say about this build; refreshed at each build.
set(version_header "${CMAKE_BINARY_DIR}/generated/headway_build.h")
add_custom_target(headway_build_info
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${version_header} -DSOURCE=${PROJECT_SOURCE_DIR}
          -DVERSION=${PROJECT_VERSION} -DBUILD_TYPE=${CMAKE_BUILD_TYPE}
          "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
          -P "${PROJECT_SOURCE_DIR}/cmake/write_version.cmake"
  BYPRODUCTS ${version_header}
  COMMENT "")
