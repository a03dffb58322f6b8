#pragma once

#include <cstdint>
#include <string>

#include "training/sink.h"

namespace headway {

/// "epoch 3/10  test loss 0.1234 top1 0.9000": what a trial's log says of an epoch.
std::string epoch_line(const EpochRecord& record, std::int64_t epochs);

}  // namespace headway
