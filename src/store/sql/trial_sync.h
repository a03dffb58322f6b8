#pragma once

#include <memory>

#include "store/segments/segment_reader.h"

namespace headway {

struct SqlScope;

/// Brings the trials that new records tell of up to date: folds the records into what the store
/// knows already and writes the outcome. Inside one transaction; `scope` must outlive it.
class TrialSync {
 public:
  explicit TrialSync(const SqlScope& scope);
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
