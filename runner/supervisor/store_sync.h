#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/process.h"

namespace headway {

/// Keeps the results store of a sweep up to date in a process of its own, one at a time: neither
/// locks that others hold, nor a disk that is full or fails, nor damage, nor ten thousand new
/// records hold up or end whoever sees to this.
class StoreSync {
 public:
  /// `program`: `headway`; empty: nobody brings the store up to date. `tell` hears what the user
  /// should know.
  StoreSync(std::filesystem::path program,
            std::filesystem::path sweep_directory,
            std::function<void(const std::string&)> tell);
  ~StoreSync();
  StoreSync(const StoreSync&) = delete;
  StoreSync& operator=(const StoreSync&) = delete;

  /// Begins a sync when one is due, and looks how the one before went. Never waits.
  void tend();
  /// The last sync, after which the database rests. Takes at most `seconds`, and ends as soon as
  /// `is_cut_short` says so; the user is told when the store lags behind the trials then.
  void finish(
      double seconds, const std::function<bool()>& is_cut_short = [] { return false; });

 private:
  enum class Kind { kOneOfMany, kLast };
  /// How a sync went.
  struct Outcome {
    std::string failure = {};  // "": it is up to date
    std::string note = {};     // worth telling though it succeeded
    bool may_pass = true;      // by itself: a lock, a full disk
  };

  void begin(Kind kind);
  std::optional<Outcome> poll();
  void report(const Outcome& outcome);
  Outcome wait_for_last(const std::function<bool()>& is_over);
  void abandon();

  std::filesystem::path program_;
  std::filesystem::path sweep_directory_;
  std::function<void(const std::string&)> tell_;
  std::unique_ptr<ChildProcess> child_;
  FileDescriptor output_;  // what the child says
  std::string start_failure_;
  double began_at_ = 0;
  double next_at_ = 0;
  std::string reported_;  // failure
};

}  // namespace headway
