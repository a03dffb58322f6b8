# headway_sources(RESULT FOLDER... [EXCLUDE PATTERN...]): the C++ sources in these folders of the current
# one, sub-folders included, without those whose path matches a pattern.
function(headway_sources result)
  cmake_parse_arguments(arg "" "" "EXCLUDE" ${ARGN})
  set(sources)
  foreach(folder IN LISTS arg_UNPARSED_ARGUMENTS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" "${folder}/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  foreach(pattern IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  list(SORT sources)
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# headway_module(NAME SOURCES ... [LINKS ...] [PRIVATE_LINKS ...]): one library of src/ or cluster/.
function(headway_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(headway_${name} STATIC ${arg_SOURCES})
  add_library(headway::${name} ALIAS headway_${name})
  target_include_directories(headway_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
  target_link_libraries(headway_${name} PUBLIC ${arg_LINKS} PRIVATE headway_warnings ${arg_PRIVATE_LINKS})
endfunction()
