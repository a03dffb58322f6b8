# headway_module(NAME SOURCES ... [LINKS ...] [PRIVATE_LINKS ...]): one library per folder of src/.
function(headway_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(headway_${name} STATIC ${arg_SOURCES})
  add_library(headway::${name} ALIAS headway_${name})
  target_include_directories(headway_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
  target_link_libraries(headway_${name} PUBLIC ${arg_LINKS} PRIVATE headway_warnings ${arg_PRIVATE_LINKS})
endfunction()
