#pragma once

#include <string>
#include <vector>

#include "store/segments/trial_history.h"
#include "store/sql/results_store.h"
#include "store/sql/rows.h"

namespace headway {

// Questions to a results store. Call ResultsStore::sync first.

/// The id that `text` is, or begins. ConfigError when none does (with the nearest) or several do.
std::string find_trial(const ResultsStore& store, const std::string& text);

struct TrialDetails {
  TrialRow trial;
  std::vector<AttemptRecord> attempts;
  std::vector<ResultRow> results;  // of training, then of evaluations by name
};
/// `trial_id` may be an unambiguous prefix. StoreError when the configuration is not that of the
/// id.
TrialDetails trial_details(const ResultsStore& store, const std::string& trial_id);

/// StoreError when the configuration is not that of the id: the database is a file that anyone may
/// edit, as the list of trials is.
void expect_own_configuration(const TrialRow& trial, const ResultsStore& store);

/// By epoch, step, split, name. `trial_id` may be an unambiguous prefix.
std::vector<MetricRow> trial_metrics(const ResultsStore& store, const std::string& trial_id);

}  // namespace headway
