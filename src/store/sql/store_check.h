#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "base/sweep_layout.h"
#include "store/sql/best_weights.h"
#include "store/sql/fsck_findings.h"
#include "store/sql/results_store.h"

namespace headway {

/// Holds a results database to what the segments say, without changing it.
class StoreCheck {
 public:
  /// Errors as ResultsStore throws them, here and below.
  StoreCheck(SweepLayout layout, const std::filesystem::path& database, FsckFindings& findings);

  /// Whether it is sound as a database and has all that this version of headway creates. What users
  /// add is theirs.
  bool is_whole() const;
  /// What it knows to be lost.
  std::vector<LostRecords> lost() const { return store_.lost(); }
  /// Its rows against those of a store built anew, and the best weights that were found against
  /// what it holds of them. EnvironmentError when the other cannot be built.
  void compare(const std::map<TrialId, BestWeights>& best_weights) const;

 private:
  bool has_whole_schema() const;
  void compare_what_it_would_become() const;
  void compare_rows(const ResultsStore& store) const;

  SweepLayout layout_;
  FsckFindings& findings_;
  ResultsStore store_;
};

}  // namespace headway
