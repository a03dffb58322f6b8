#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

#include "store/segments/records.h"

namespace headway {

/// Rows on their way into `metrics`, handed to the database many at a time.
class MetricRows {
 public:
  explicit MetricRows(soci::session& sql);

  void add(const EpochMetrics& record);
  /// To be called once after the last add.
  void flush();

 private:
  void clear();

  std::vector<std::string> trial_ids_;
  std::vector<long long> attempts_;
  std::vector<long long> epochs_;
  std::vector<long long> steps_;
  std::vector<std::string> splits_;
  std::vector<std::string> names_;
  std::vector<double> values_;
  std::vector<soci::indicator> states_;
  soci::session& sql_;
};

/// Drops the rows of `trial_id` that are superseded: those of an attempt beyond the step where a
/// higher attempt resumed, and those that a higher attempt recorded again.
void drop_superseded_metrics(soci::session& sql,
                             const std::string& trial_id,
                             long long attempt,
                             long long last_valid_step);

}  // namespace headway
