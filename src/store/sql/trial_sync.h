#pragma once

#include <memory>

#include "store/segments/segment_reader.h"

namespace soci {
class session;
}

namespace headway {

/// Brings the trials that new records tell of up to date: folds the records into what the store
/// knows already and writes the outcome. Inside one transaction.
class TrialSync {
 public:
  explicit TrialSync(soci::session& sql);
  ~TrialSync();

  /// Takes in one record, in any order.
  void take(const SegmentRecord& record);
  /// Writes all trials that records were taken for.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headway
