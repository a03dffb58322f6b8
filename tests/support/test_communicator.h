#pragma once

#include "comm/communicator.h"

namespace headway {

/// All ranks of this test's launch.
Communicator& test_communicator();

}  // namespace headway
