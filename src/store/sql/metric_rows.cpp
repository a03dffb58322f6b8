#include "store/sql/metric_rows.h"

namespace headway {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;

}  // namespace

MetricRows::MetricRows(soci::session& sql) : sql_(sql) {}

void MetricRows::add(const EpochMetrics& record) {
  const EpochPosition& position = record.position;
  for (const auto& [split, values] : record.values) {
    for (const auto& [name, value] : values) {
      values_.push_back(value.value_or(0.0));
      states_.push_back(value ? soci::i_ok : soci::i_null);
      splits_.push_back(split);
      names_.push_back(name);
      trial_ids_.push_back(position.trial_id);
      attempts_.push_back(position.attempt);
      epochs_.push_back(position.epoch);
      steps_.push_back(position.step);
    }
  }
  if (trial_ids_.size() >= kRowsAtOnce) flush();
}

void MetricRows::flush() {
  if (trial_ids_.empty()) return;
  sql_ << "INSERT OR REPLACE INTO metrics (trial_id, attempt, epoch, step, split, name, value) "
          "VALUES (:trial, :attempt, :epoch, :step, :split, :name, :value)",
      soci::use(trial_ids_), soci::use(attempts_), soci::use(epochs_), soci::use(steps_),
      soci::use(splits_), soci::use(names_), soci::use(values_, states_);
  clear();
}

void MetricRows::clear() {
  trial_ids_.clear();
  attempts_.clear();
  epochs_.clear();
  steps_.clear();
  splits_.clear();
  names_.clear();
  values_.clear();
  states_.clear();
}

void drop_superseded_metrics(soci::session& sql,
                             const std::string& trial_id,
                             long long attempt,
                             long long last_valid_step) {
  sql << "DELETE FROM metrics WHERE trial_id = :trial AND attempt = :attempt AND (step > :step OR "
         "EXISTS (SELECT 1 FROM metrics higher WHERE higher.trial_id = metrics.trial_id AND "
         "higher.attempt > metrics.attempt AND higher.epoch = metrics.epoch AND "
         "higher.step = metrics.step AND higher.split = metrics.split AND "
         "higher.name = metrics.name))",
      soci::use(trial_id), soci::use(attempt), soci::use(last_valid_step);
}

}  // namespace headway
