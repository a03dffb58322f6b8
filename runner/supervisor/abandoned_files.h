#pragma once

#include <filesystem>
#include <stop_token>

#include "base/background_job.h"

namespace headway {

/// Removes what killed processes left half made: below a sweep's folder files that were to replace
/// others, claims that were prepared and stores that were built anew; packs in the cache; and
/// databases of `headway fsck` among the temporary files. Names do not tell whose they are, and
/// their makers may be on other hosts, so what was written to within a day stays, by the clock of
/// its own file system. Ends after some seconds: of very many trials not all are looked at.
class AbandonedFilesRemoval {
 public:
  /// Begins it; it goes on beside whatever else this process does.
  explicit AbandonedFilesRemoval(const std::filesystem::path& sweep_directory);
  AbandonedFilesRemoval(const AbandonedFilesRemoval&) = delete;
  AbandonedFilesRemoval& operator=(const AbandonedFilesRemoval&) = delete;
  /// Ends it where it is.
  ~AbandonedFilesRemoval();

  /// Until all is looked at, or the time is over.
  void wait();

 private:
  std::stop_source stop_;
  BackgroundJob job_;
};

}  // namespace headway
