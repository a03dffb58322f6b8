#include "store/sql/plan_sync.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "config/schema/leaves.h"
#include "store/manifest/sweep_directory.h"

namespace headway {
namespace {

using Leaves = std::vector<std::pair<std::string, std::string>>;

// Writes trials and their parameters; keeps book of which keys vary.
class PlanWriter {
 public:
  PlanWriter(soci::session& sql, std::string sweep) : sql_(sql), sweep_(std::move(sweep)) {
    const soci::rowset<soci::row> rows = (sql.prepare << "SELECT trial_id, config FROM trials");
    for (const soci::row& row : rows) {
      configs_[row.get<std::string>(0)] = row.get<std::string>(1, "");
    }
  }

  void write(const PlannedTrial& trial, std::optional<long long> position) {
    write_trial(trial, position);
    std::string& known_config = configs_[trial.trial_id];
    const bool is_new = known_config != trial.config_text;
    if (!is_new && !position) return;
    const Leaves leaves = config_leaves(nlohmann::json::parse(trial.config_text));
    if (is_new) {
      erase_parameters(trial.trial_id, known_config);
      write_parameters(trial.trial_id, leaves);
      known_config = trial.config_text;
    }
    if (!position) return;
    ++planned_;
    for (const auto& [key, value] : leaves) {
      const auto [known, inserted] = keys_.try_emplace(key, KeyUse{value});
      ++known->second.trials;
      known->second.differs |= known->second.first_value != value;
    }
  }

  // A key that only some trials have (one head's own option) varies too.
  std::vector<std::string> varying() const {
    std::vector<std::string> result;
    for (const auto& [key, use] : keys_) {
      if (use.differs || use.trials < planned_) result.push_back(key);
    }
    return result;
  }

 private:
  struct KeyUse {
    std::string first_value;
    std::int64_t trials = 0;
    bool differs = false;
  };

  void write_trial(const PlannedTrial& trial, std::optional<long long> position) {
    const long long seed = trial.seed;
    const long long place = position.value_or(0);
    soci::indicator state = position ? soci::i_ok : soci::i_null;
    sql_ << "INSERT INTO trials (trial_id, cell_id, sweep, state, attempts, seed, config, "
            "plan_position) VALUES (:trial, :cell, :sweep, 'pending', 0, :seed, :config, :place) "
            "ON CONFLICT (trial_id) DO UPDATE SET cell_id = excluded.cell_id, "
            "sweep = excluded.sweep, seed = excluded.seed, config = excluded.config, "
            "plan_position = excluded.plan_position",
        soci::use(trial.trial_id), soci::use(trial.cell_id), soci::use(sweep_), soci::use(seed),
        soci::use(trial.config_text), soci::use(place, state);
  }

  // By key as well as by trial: the table is ordered by key, a trial alone means reading all of it.
  void erase_parameters(const std::string& trial_id, const std::string& config) {
    if (config.empty()) return;
    std::vector<std::string> keys;
    for (const auto& [key, value] : config_leaves(nlohmann::json::parse(config))) {
      keys.push_back(key);
    }
    const std::vector<std::string> ids(keys.size(), trial_id);
    sql_ << "DELETE FROM parameters WHERE key = :key AND trial_id = :trial", soci::use(keys),
        soci::use(ids);
  }

  void write_parameters(const std::string& trial_id, const Leaves& leaves) {
    const std::vector<std::string> ids(leaves.size(), trial_id);
    std::vector<std::string> keys;
    std::vector<std::string> values;
    for (const auto& [key, value] : leaves) {
      keys.push_back(key);
      values.push_back(value);
    }
    sql_ << "INSERT INTO parameters (trial_id, key, value) VALUES (:trial, :key, :value)",
        soci::use(ids), soci::use(keys), soci::use(values);
  }

  soci::session& sql_;
  std::string sweep_;
  std::unordered_map<std::string, std::string> configs_;  // in the store so far
  std::map<std::string, KeyUse> keys_;
  std::int64_t planned_ = 0;
};

}  // namespace

std::string plan_signature(const std::filesystem::path& sweep_directory) {
  const SweepDirectory layout(sweep_directory);
  std::string signature;
  for (const auto& file :
       {layout.trials_file(), layout.vanished_trials_file(), layout.plan_file()}) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) continue;
    signature += fmt::format(
        "{}:{}:{}.{:09};", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  }
  return signature;
}

void sync_plan(soci::session& sql, const std::filesystem::path& sweep_directory) {
  // Taken before the files are read: a change in between is seen the next time.
  const std::string signature = plan_signature(sweep_directory);
  const Plan plan = read_plan(sweep_directory);
  sql << "UPDATE trials SET plan_position = NULL WHERE plan_position IS NOT NULL";
  PlanWriter writer(sql, plan.name);
  for (const PlannedTrial& trial : read_vanished_trials(sweep_directory)) {
    writer.write(trial, std::nullopt);
  }
  long long position = 0;
  for (const PlannedTrial& trial : plan.trials) writer.write(trial, position++);
  set_store_state(sql, "sweep", plan.name);
  set_store_state(sql, "varying_keys", nlohmann::json(writer.varying()).dump());
  set_store_state(sql, "plan_signature", signature);
}

std::string store_state(soci::session& sql, const std::string& key) {
  std::string value;
  sql << "SELECT value FROM store_state WHERE key = :key", soci::use(key), soci::into(value);
  return sql.got_data() ? value : "";
}

void set_store_state(soci::session& sql, const std::string& key, const std::string& value) {
  sql << "INSERT OR REPLACE INTO store_state (key, value) VALUES (:key, :value)", soci::use(key),
      soci::use(value);
}

std::vector<std::string> varying_keys(soci::session& sql) {
  const std::string text = store_state(sql, "varying_keys");
  if (text.empty()) return {};
  return nlohmann::json::parse(text).get<std::vector<std::string>>();
}

}  // namespace headway
