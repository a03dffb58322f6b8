#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/host.h"
#include "base/ids.h"
#include "base/time.h"

namespace headway {

// Who works on which trial, as folders that every process of every machine can see:
//   claims/<trial_id>/<attempt>/heartbeat.json
// A claim appears whole, owner included: a prepared folder is renamed into its place. rename(2)
// onto a folder that is not empty fails, on NFS too, so exactly one of many contenders wins. (A
// mkdir followed by a write would do as well but for the owner that dies in between: such a claim
// would have no owner that anyone could look up.)

/// The phase of a group that waits for room on the disk: not hung, however long.
inline constexpr const char* kWaitingForDisk = "waiting for disk space";
/// Begins the phase of a group that waits for something that others must do: room on the disk, or a
/// lock, whose name and holder follow then.
inline constexpr const char* kWaitingFor = "waiting for ";
/// Such a group is not hung, however long it waits.
bool waits_for_others(const std::string& phase);
/// Its phase before the first step: what the trial needs is read.
inline constexpr const char* kLoading = "loading";
/// Likewise, while images are decoded for the first time on this machine.
inline constexpr const char* kPacking = "packing data";

/// How far an attempt has come.
struct Progress {
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  double images_per_second = 0;
  std::string phase;                   // "loading", "training", "evaluating", ...
  std::int64_t evaluated_batches = 0;  // by this attempt
  std::int64_t packed_images = 0;      // of a data set that is unpacked first
  // Where the attempt's records are: file name, and how long it was with the last of them. ""
  // before there was one. Who knows it misses them when they are gone.
  std::string segment = {};
  std::uint64_t segment_bytes = 0;

  /// Whether `other` is at the same place in the work; speed does not count.
  bool same_place(const Progress& other) const {
    return epoch == other.epoch && step == other.step && phase == other.phase &&
           evaluated_batches == other.evaluated_batches && packed_images == other.packed_images;
  }
};

struct ClaimOwner {
  ProcessIdentity process;
  GroupName group;
  int world_size = 1;
};

/// A held claim on one attempt at one trial. Never given back: a claim is history, a finish record
/// ends the attempt.
class Claim {
 public:
  Claim(std::filesystem::path folder, TrialId trial_id, int attempt, ClaimOwner owner);
  Claim(Claim&&) noexcept;
  Claim& operator=(Claim&&) noexcept;
  ~Claim();

  const TrialId& trial_id() const;
  int attempt() const;
  const ClaimOwner& owner() const;
  /// Replaces the heartbeat file (atomic, unflushed) with a counter one higher. On a full disk the
  /// old file's own bytes are overwritten, so that the heart is seen to beat. Thread-safe. A beat
  /// that cannot be written is logged, once, and does not stop the trial.
  void beat(const Progress& progress);
  /// True when a higher attempt was claimed: stop, your records are ignored. Reads one directory.
  bool fenced() const;
  /// True when ask_to_cancel was called for this attempt. Looks for one file.
  bool cancel_asked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What stands in claims/ keeps a trial from being claimed, until someone removes it.
class ClaimError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// Takes claims/<trial_id>/<attempt>; nothing when someone else has it. Attempts count from 1.
/// ClaimError when what is in its way is no claim.
std::optional<Claim> try_claim(const std::filesystem::path& sweep_directory,
                               const TrialId& trial_id,
                               int attempt,
                               const ClaimOwner& owner);

/// A claim as others see it. The owner is empty when its heartbeat cannot be read, as when a
/// machine's crash took the text.
struct ClaimView {
  TrialId trial_id;
  int attempt = 0;
  ClaimOwner owner;
  std::uint64_t counter = 0;
  Progress progress;
  std::string unreadable = {};  // why, if so
};

/// The claim with the highest attempt; nothing when the trial was never claimed, nor when it cannot
/// be, as what stands in the place of its claims is no folder of the sweep's.
std::optional<ClaimView> latest_claim(const std::filesystem::path& sweep_directory,
                                      const TrialId& trial_id);

/// Tells the owner of this attempt that the trial was cancelled: it looks once a second. The record
/// of the wish is the truth; this only wakes.
void ask_to_cancel(const std::filesystem::path& sweep_directory,
                   const TrialId& trial_id,
                   int attempt);

/// How many groups other than `group` live on this machine and serve this sweep: they share its
/// memory.
int groups_beside(const std::filesystem::path& sweep_directory, const GroupName& group);

/// The latest claim of every trial that has one, ended ones included, sorted by trial id.
std::vector<ClaimView> latest_claims(const std::filesystem::path& sweep_directory);

/// All claims, of lower attempts too, sorted by trial id and attempt.
std::vector<ClaimView> all_claims(const std::filesystem::path& sweep_directory);

/// Decides whether a claim's owner is gone: known dead on this machine, or its counter has not
/// moved for `timeout_seconds` of this observer's own clock (clocks of machines are never
/// compared).
class StalenessObserver {
 public:
  // Above the minute for which NFS clients may keep showing an old file.
  static constexpr double kDefaultTimeoutSeconds = 180;

  explicit StalenessObserver(double timeout_seconds = kDefaultTimeoutSeconds,
                             std::function<double()> clock = monotonic_seconds);

  bool stale(const ClaimView& claim);

 private:
  struct Sighting {
    std::uint64_t counter = 0;
    double since = 0;
  };

  double timeout_seconds_;
  std::function<double()> clock_;
  std::map<std::pair<std::string, int>, Sighting> sightings_;
};

}  // namespace headway
