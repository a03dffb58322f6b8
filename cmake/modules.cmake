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

# A third of a build would be reading precompiled headers and instantiating the same templates anew for each
# source, so the sources of a folder are compiled as one. Not those of components and verbs: they repeat the
# names of helpers, as people copy one to begin another. Nor what a build for GPUs leaves out: all else then
# comes from the compiler cache.
set(compiled_alone "(^|/)(accumulators|augmentations|class_vectors|datasets|encoders|heads|losses|optimizers\
|readers|schedules|statistics|suites|verbs)/|(^|/)no_[a-z_]*\\.cpp$")
function(headway_unite target)
  if(NOT HEADWAY_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # g++ takes a source that is compiled with others for a header, where this would be a mistake.
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>")
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    if(NOT source MATCHES "${compiled_alone}")
      cmake_path(GET source PARENT_PATH folder)
      string(REPLACE "/" "_" folder "${target}_${folder}")
      set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}")
    endif()
  endforeach()
endfunction()

# headway_module(NAME SOURCES ... [LINKS ...] [PRIVATE_LINKS ...]): one library of src/ or cluster/.
function(headway_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(headway_${name} STATIC ${arg_SOURCES})
  add_library(headway::${name} ALIAS headway_${name})
  target_include_directories(headway_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
  target_link_libraries(headway_${name} PUBLIC ${arg_LINKS} PRIVATE headway_warnings ${arg_PRIVATE_LINKS})
  headway_unite(headway_${name})
endfunction()
