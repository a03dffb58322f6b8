#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/schema/checkpoint_settings.h"

namespace headway {

/// Where and how trials run; never part of an id.
struct ResourcesConfig {
  std::string device = "auto";        // auto | cpu | cuda
  std::optional<std::int64_t> ranks;  // ranks of a worker group; absent = auto
  std::int64_t threads_per_rank = 1;
  std::optional<std::int64_t> groups;        // worker groups side by side; absent = auto
  std::optional<double> time_limit_seconds;  // `time_limit: 2h`
  CheckpointSettings checkpoints;
};

}  // namespace headway
