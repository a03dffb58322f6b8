#include "store/sql/manifest_sync.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/json.h"
#include "base/sweep_layout.h"
#include "config/schema/leaves.h"
#include "store/manifest/manifest_lines.h"
#include "store/manifest/sweep_manifest.h"
#include "store/sql/damaged_row.h"
#include "store/sql/rows.h"
#include "store/sql/sql_record.h"
#include "store/sql/store_schema.h"

namespace headway {
namespace {

constexpr const char* kVaryingKeys = "varying_keys";
constexpr const char* kDirectory = "directory";

std::string place_of(const std::filesystem::path& directory) {
  return std::filesystem::weakly_canonical(directory).string();
}

// Writes trials and their parameters; keeps book of which keys vary.
class ManifestWriter {
 public:
  ManifestWriter(const SqlScope& scope, SweepLayout layout)
      : scope_(scope), layout_(std::move(layout)), write_trial_(scope), write_parameter_(scope) {
    SqlReader<TrialRow>(scope.sql, kOfSweep, 1).each({scope.sweep}, [this](const TrialRow& row) {
      known_[row.trial_id] = row;
    });
  }

  void write(const PlannedTrial& trial, std::optional<std::int64_t> position) {
    TrialRow& row = known_[trial.trial_id];
    const bool is_as_known = row.config == trial.config_text &&
                             row.cell_id == trial.cell_id.text() && row.seed == trial.seed;
    if (!is_as_known) expect_own_ids(trial, position.has_value());
    const std::string known_config = std::exchange(row.config, trial.config_text);
    row.trial_id = trial.trial_id;
    row.cell_id = trial.cell_id;
    row.sweep = scope_.sweep;
    row.seed = trial.seed;
    row.plan_position = position;
    write_trial_.write(row);
    const bool is_new = known_config != trial.config_text;
    if (!is_new && !position) return;
    const ConfigLeaves leaves = config_leaves(parse_json(trial.config_text));
    if (is_new) {
      erase_parameters(trial.trial_id, known_config);
      write_parameters(trial.trial_id, leaves);
      write_parameters(trial.trial_id, list_parts(leaves));
    }
    if (position) varying_.add(leaves);
  }

  std::vector<std::string> varying() const { return varying_.keys(); }

 private:
  void expect_own_ids(const PlannedTrial& trial, bool is_planned) const {
    config_of(trial,
              (is_planned ? layout_.trials_file() : layout_.vanished_trials_file()).string());
  }

  void write_parameters(const std::string& trial_id, const ConfigLeaves& leaves) {
    for (const auto& [key, value] : leaves) {
      write_parameter_.write({trial_id, {key, config_text(value)}, scope_.sweep});
    }
  }

  // By key as well as by trial: the table is ordered by key, a trial alone means reading all of it.
  void erase_parameters(const std::string& trial_id, const std::string& config) {
    if (config.empty()) return;
    ConfigLeaves leaves = read_cell(
        "trials.config", config, [](const nlohmann::json& json) { return config_leaves(json); });
    leaves.merge(list_parts(leaves));
    std::vector<std::string> keys;
    for (const auto& [key, value] : leaves) keys.push_back(key);
    const std::vector<std::string> ids(keys.size(), trial_id);
    const std::vector<std::string> sweeps(keys.size(), scope_.sweep);
    scope_.sql
        << "DELETE FROM parameters WHERE sweep = :sweep AND key = :key AND trial_id = :trial",
        soci::use(sweeps), soci::use(keys), soci::use(ids);
  }

  const SqlScope& scope_;
  SweepLayout layout_;
  SqlWriter<TrialRow> write_trial_;
  SqlWriter<OfTrial<ParameterRow>> write_parameter_;
  std::unordered_map<std::string, TrialRow> known_;  // in the store so far
  VaryingKeys varying_;
};

}  // namespace

std::string manifest_signature(const std::filesystem::path& sweep_directory) {
  const SweepLayout layout(sweep_directory);
  std::string signature;
  for (const auto& file :
       {layout.trials_file(), layout.vanished_trials_file(), layout.settings_file()}) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) continue;
    signature += fmt::format(
        "{}:{}:{}.{:09};", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  }
  return signature;
}

void sync_manifest(const SqlScope& scope, const std::filesystem::path& sweep_directory) {
  // Taken before the files are read: a change in between is seen the next time.
  const std::string signature = manifest_signature(sweep_directory);
  const SweepManifest manifest = read_manifest(sweep_directory);
  scope.sql << "UPDATE trials SET plan_position = NULL "
               "WHERE sweep = :sweep AND plan_position IS NOT NULL",
      soci::use(scope.sweep);
  ManifestWriter writer(scope, SweepLayout(sweep_directory));
  for (const PlannedTrial& trial : read_vanished_trials(sweep_directory)) {
    writer.write(trial, std::nullopt);
  }
  std::int64_t position = 0;
  for (const PlannedTrial& trial : manifest.trials) writer.write(trial, position++);
  set_store_state(scope, kDirectory, place_of(sweep_directory));
  set_store_state(scope, kVaryingKeys, nlohmann::json(writer.varying()).dump());
  set_store_state(scope, kManifestSignature, signature);
}

void erase_former_names(const SqlScope& scope, const std::filesystem::path& sweep_directory) {
  std::vector<std::string> former;
  const std::string place = place_of(sweep_directory);
  SqlReader<StateRow>(scope.sql, "WHERE key = :key AND sweep <> :sweep", 2)
      .each({kDirectory, scope.sweep}, [&](const StateRow& row) {
        if (row.value == place || !scope.dialect.holds_many_sweeps()) former.push_back(row.sweep);
      });
  for (const std::string& sweep : former) erase_sweep(scope.sql, sweep);
}

std::string store_state(const SqlScope& scope, const std::string& key) {
  std::string value;
  SqlReader<StateRow>(scope.sql, "WHERE sweep = :sweep AND key = :key", 2)
      .each({scope.sweep, key}, [&](const StateRow& row) { value = row.value; });
  return value;
}

void set_store_state(const SqlScope& scope, const std::string& key, const std::string& value) {
  SqlWriter<StateRow>(scope).write({scope.sweep, key, value});
}

std::vector<std::string> stored_varying_keys(const SqlScope& scope) {
  const std::string text = store_state(scope, kVaryingKeys);
  if (text.empty()) return {};
  return read_cell("store_state.varying_keys", text, [](const nlohmann::json& json) {
    return json.get<std::vector<std::string>>();
  });
}

}  // namespace headway
