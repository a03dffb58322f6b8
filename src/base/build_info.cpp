#include "base/build_info.h"

#include "headway_build.h"

namespace headway {

BuildInfo build_info() {
  return {HEADWAY_VERSION, HEADWAY_GIT_REVISION, HEADWAY_BUILD_TYPE, HEADWAY_COMPILER};
}

}  // namespace headway
