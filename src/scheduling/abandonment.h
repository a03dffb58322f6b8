#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "scheduling/claims.h"

namespace headway {

/// Why a claim without an end may be taken over, in the terms of a finish record.
struct Abandonment {
  std::string failure;
  std::string message;
};

/// Judges claims whose attempt no record has ended. A group that died under a living supervisor of
/// this machine is left to that supervisor, which knows how it ended.
class AbandonmentJudge {
 public:
  AbandonmentJudge(std::filesystem::path sweep_directory, StalenessObserver staleness)
      : sweep_directory_(std::move(sweep_directory)), staleness_(std::move(staleness)) {}

  /// Nothing while the owner may still be at work.
  std::optional<Abandonment> judge(const ClaimView& claim);

 private:
  std::filesystem::path sweep_directory_;
  StalenessObserver staleness_;
};

}  // namespace headway
