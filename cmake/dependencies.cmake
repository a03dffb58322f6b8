# Libraries found on the system; nothing is fetched at configure time.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
if(HEADWAY_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# backward-cpp is one header; libdw gives it the names of functions and lines.
find_path(BACKWARD_INCLUDE_DIR backward.hpp REQUIRED)
find_library(DW_LIBRARY dw REQUIRED)
add_library(headway_backward INTERFACE)
target_include_directories(headway_backward SYSTEM INTERFACE ${BACKWARD_INCLUDE_DIR})
target_compile_definitions(headway_backward INTERFACE BACKWARD_HAS_DW=1)
target_link_libraries(headway_backward INTERFACE ${DW_LIBRARY})

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(headway_xxhash INTERFACE)
target_include_directories(headway_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_link_libraries(headway_xxhash INTERFACE ${XXHASH_LIBRARY})

# Debian ships SOCI without a CMake package that names the SQLite backend's library.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_library(SOCI_CORE_LIBRARY soci_core REQUIRED)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3 REQUIRED)
add_library(headway_soci INTERFACE)
target_include_directories(headway_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR} ${SOCI_INCLUDE_DIR}/soci)
target_link_libraries(headway_soci INTERFACE ${SOCI_CORE_LIBRARY} ${SOCI_SQLITE3_LIBRARY}
                                             SQLite::SQLite3)
