#pragma once

#include <cstdint>
#include <optional>

namespace headway {

/// When a trial's state is saved and what is kept of it. Whichever is due first asks for a save.
/// Never part of an id.
struct CheckpointSettings {
  double seconds = 60;                 // since the last one
  std::optional<std::int64_t> steps;   // after every so many steps of the trial
  std::optional<std::int64_t> epochs;  // after every so many epochs
  bool keep_best = false;  // the weights of the epoch with the best validation accuracy too
};

}  // namespace headway
