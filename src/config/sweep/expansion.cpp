#include "config/sweep/expansion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/text.h"
#include "config/rules/config_rules.h"
#include "config/schema/ids.h"
#include "config/schema/rank_range.h"
#include "config/sweep/cells.h"
#include "config/yaml/section_reader.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

// Each cell may repeat the mistakes of the base configuration.
constexpr std::size_t kEnoughProblems = 1000;

/// Counts equal texts, and keeps the order in which they first came.
class Tally {
 public:
  void add(const std::string& text) {
    const auto [found, is_new] = position_.emplace(text, counts_.size());
    if (is_new) counts_.emplace_back(text, 0);
    ++counts_[found->second].second;
  }
  const std::vector<std::pair<std::string, int>>& counts() const { return counts_; }

 private:
  std::map<std::string, std::size_t> position_;
  std::vector<std::pair<std::string, int>> counts_;
};

class Expansion {
 public:
  Expansion(const LocatedValue& base,
            const SweepAxes& axes,
            const Place& file,
            Sweep& sweep,
            Problems& problems)
      : base_(base),
        axes_(axes),
        file_(file),
        sweep_(sweep),
        problems_(problems),
        exclusions_(axes.exclusions) {}

  void run() {
    check_base();
    const double seeds = axes_.seeds ? static_cast<double>(axes_.seeds->size()) : 1;
    const double count = cell_count(axes_) * seeds;
    if (count > static_cast<double>(kMaximumTrials)) {
      problems_.push_back(
          {file_,
           fmt::format("the sweep expands to {:.0f} trials; at most {} are possible",
                       count,
                       kMaximumTrials)});
      return;
    }
    const std::size_t problems_before = problems_.size();
    for_each_cell(axes_, [this](const auto& choices) { add_cell(choices); });
    if (problems_.size() == problems_before) check_not_empty(count);
    write_notes();
  }

 private:
  /// Mistakes in base values that every cell overrides would go unnoticed.
  void check_base() {
    Problems found;
    if (!base_.is_map() && !base_.is_null()) {
      expect_map(base_, "trial", problems_);
      return;
    }
    read_trial(base_, found);
    std::ranges::copy_if(found, std::back_inserter(problems_), [](const Problem& problem) {
      return !problem.about_combination;
    });
  }

  void add_cell(const std::vector<const Choice*>& choices) {
    if (problems_.size() > kEnoughProblems) return;
    std::vector<std::string> drops;
    const LocatedValue tree = apply_choices(base_, choices, drops);
    Problems found;
    TrialConfig config = read_trial(tree, found);
    const std::vector<std::int64_t> kept = exclusions_.kept_seeds(
        to_canonical_json(config), axes_.seeds.value_or(std::vector{config.seed}));
    if (kept.empty()) return;
    for (const std::string& drop : drops) drops_.add(drop);
    const std::vector<Finding> findings =
        found.empty() ? check_cell(config) : std::vector<Finding>();
    for (const Finding& finding : findings) {
      if (finding.refuse) found.push_back(refusal(finding, tree));
    }
    if (found.empty()) check_root(config.dataset, tree, found);
    if (!found.empty()) return refuse(std::move(found));
    nlohmann::json json = identity_json(config);
    add_trials(config, json, kept, choices);
    add_flags(findings, json);
  }

  /// Cells that differ in the root alone would be merged, and those of one data set compared.
  void check_root(const DatasetConfig& dataset, const LocatedValue& tree, Problems& found) {
    const auto [known, is_new] =
        roots_.emplace(dataset.name + dataset.options.values().dump(), dataset.root);
    if (is_new || known->second == dataset.root) return;
    const LocatedValue::Entry* entry = find_at(tree, split_key(kDatasetRoot));
    found.push_back({entry == nullptr ? file_ : entry->value.place,
                     fmt::format("{}; '{}' has {} and {}",
                                 kRootIsNoAxis,
                                 dataset.name,
                                 in_quotes(known->second),
                                 in_quotes(dataset.root))});
  }

  Problem refusal(const Finding& finding, const LocatedValue& tree) const {
    const LocatedValue::Entry* entry = find_at(tree, split_key(finding.key));
    return {entry == nullptr ? file_ : entry->value.place,
            fmt::format("{}: {}", finding.key, finding.message),
            true};
  }

  void refuse(Problems found) {
    const bool skip = axes_.skip_invalid && std::ranges::all_of(found, [](const Problem& problem) {
                        return problem.about_combination;
                      });
    for (Problem& problem : found) {
      if (skip) {
        skips_.add(problem.message);
      } else if (reported_.insert(problem.place.prefix() + problem.message).second) {
        problems_.push_back(std::move(problem));
      }
    }
  }

  void add_trials(TrialConfig& config,
                  nlohmann::json& json,
                  const std::vector<std::int64_t>& seeds,
                  const std::vector<const Choice*>& choices) {
    const CellId cell_id = cell_id_of(json);
    bool merged = false;
    for (const std::int64_t seed : seeds) {
      json["seed"] = seed;
      config.seed = seed;
      Trial trial{trial_id_of(json), cell_id, config};
      if (ids_.insert(trial.trial_id).second) {
        sweep_.trials.push_back(std::move(trial));
      } else {
        merged = true;
      }
    }
    if (merged && ++merged_cells_ == 1) first_merged_ = describe(choices);
  }

  void add_flags(const std::vector<Finding>& findings, const nlohmann::json& json) {
    if (findings.empty()) return;
    const CellId cell_id = cell_id_of(json);
    if (!flagged_.insert(cell_id).second) return;
    for (const Finding& finding : findings) {
      sweep_.flags.push_back({cell_id, finding.rule, finding.key + ": " + finding.message});
    }
  }

  void check_not_empty(double count) {
    if (!sweep_.trials.empty() || !problems_.empty()) return;
    std::string message = fmt::format(
        "the sweep is empty: none of its {:.0f} trials is left after "
        "sweep.exclude and on_invalid: skip",
        count);
    for (const auto& [reason, cells] : skips_.counts()) message += "; skipped: " + reason;
    problems_.push_back({file_, std::move(message)});
  }

  void write_notes() {
    note_ranks_of_synced_trials();
    note_too_many_ranks();
    for (const auto& [drop, cells] : drops_.counts()) {
      sweep_.notes.push_back(
          fmt::format("{} ({})", drop, counted(static_cast<std::size_t>(cells), "cell")));
    }
    for (const auto& [reason, cells] : skips_.counts()) {
      sweep_.notes.push_back(fmt::format("left out {} (on_invalid: skip): {}",
                                         counted(static_cast<std::size_t>(cells), "cell"),
                                         reason));
    }
    if (merged_cells_ > 0) {
      sweep_.notes.push_back(fmt::format("merged {} into identical earlier ones, e.g. {{{}}}",
                                         counted(merged_cells_, "cell"),
                                         first_merged_));
    }
    for (const Place& place : exclusions_.unused()) {
      sweep_.notes.push_back(place.prefix() + "this entry of sweep.exclude matches no trial");
    }
  }

  void note_ranks_of_synced_trials() {
    const auto count = std::ranges::count_if(sweep_.trials, [](const Trial& trial) {
      return rank_range(trial.config.training).fewest > 1;
    });
    if (count == 0) return;
    sweep_.notes.push_back(fmt::format("{} {} on as many ranks as shards: training.sync_batch_norm",
                                       counted(static_cast<std::size_t>(count), "trial"),
                                       count == 1 ? "runs" : "run"));
  }

  void note_too_many_ranks() {
    const std::int64_t ranks = sweep_.resources.ranks.value_or(1);
    const auto count = std::ranges::count_if(sweep_.trials, [&](const Trial& trial) {
      return trial.config.training.shards % ranks != 0;
    });
    if (count == 0) return;
    sweep_.notes.push_back(
        fmt::format("{} trials cannot be spread over resources.ranks {}: a trial runs "
                    "on at most training.shards ranks",
                    count,
                    ranks));
  }

  const LocatedValue& base_;
  const SweepAxes& axes_;
  const Place& file_;
  Sweep& sweep_;
  Problems& problems_;
  std::unordered_set<TrialId> ids_;
  std::map<std::string, std::string> roots_;  // of data sets with their options
  std::unordered_set<CellId> flagged_;
  std::unordered_set<std::string> reported_;
  ExclusionTable exclusions_;
  std::size_t merged_cells_ = 0;
  std::string first_merged_;
  Tally drops_;
  Tally skips_;
};

}  // namespace

void expand(const LocatedValue& base,
            const SweepAxes& axes,
            const Place& file,
            Sweep& sweep,
            Problems& problems) {
  Expansion(base, axes, file, sweep, problems).run();
}

}  // namespace headway
