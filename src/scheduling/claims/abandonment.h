#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "scheduling/claims/claims.h"

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
  /// Of a group on this machine whose supervisor is gone: it should leave within seconds, and its
  /// heart beats while it does. Standing still, it was stopped, and nobody else would notice.
  static constexpr double kOrphanTimeoutSeconds = 20;

  explicit AbandonmentJudge(
      std::filesystem::path sweep_directory,
      StalenessObserver staleness = StalenessObserver(),
      StalenessObserver orphan_staleness = StalenessObserver(kOrphanTimeoutSeconds))
      : sweep_directory_(std::move(sweep_directory)),
        staleness_(std::move(staleness)),
        orphan_staleness_(std::move(orphan_staleness)) {}

  /// Nothing while the owner may still be at work.
  std::optional<Abandonment> judge(const ClaimView& claim);

 private:
  bool is_stopped_orphan(const ClaimView& claim);

  std::filesystem::path sweep_directory_;
  StalenessObserver staleness_;
  StalenessObserver orphan_staleness_;
};

}  // namespace headway
