# Writes the build's version header; leaves it alone when nothing changed, so nothing is rebuilt.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude *
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT revision)
  set(revision "unknown")
endif()
set(text "#pragma once
#define HEADWAY_VERSION \"${VERSION}\"
#define HEADWAY_GIT_REVISION \"${revision}\"
#define HEADWAY_BUILD_TYPE \"${BUILD_TYPE}\"
#define HEADWAY_COMPILER \"${COMPILER}\"
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUTPUT} "${text}")
endif()
