#include "config/sweep/exclusions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "config/schema/trial_config.h"
#include "config/yaml/yaml_reader.h"

namespace headway {
namespace {

bool excluded(const std::string& entry, const nlohmann::json& trial) {
  static const std::string source = "f";
  Problems problems;
  const auto exclusions =
      read_exclusions(parse_yaml("[" + entry + "]", source, problems), problems);
  EXPECT_TRUE(problems.empty()) << problems.front().message;
  return matches(exclusions.at(0), trial);
}

class Exclusions : public testing::Test {
 protected:
  nlohmann::json trial_ = to_canonical_json(TrialConfig());
};

TEST_F(Exclusions, numbers_compare_by_value) {
  EXPECT_TRUE(excluded("{optimizer.learning_rate: 1e-1}", trial_));
  EXPECT_FALSE(excluded("{optimizer.learning_rate: 0.11}", trial_));
  EXPECT_TRUE(excluded("{training.epochs: 10}", trial_));
}

TEST_F(Exclusions, large_seeds_are_told_apart) {
  constexpr std::int64_t kBeyondDoubles = (std::int64_t{1} << 53) + 1;
  trial_["seed"] = kBeyondDoubles;
  EXPECT_TRUE(excluded("{seed: 9007199254740993}", trial_));
  EXPECT_FALSE(excluded("{seed: 9007199254740992}", trial_));
  trial_["seed"] = kBeyondDoubles - 1;
  EXPECT_TRUE(excluded("{seed: 9007199254740992}", trial_));
  EXPECT_FALSE(excluded("{seed: 9007199254740993}", trial_));
}

TEST_F(Exclusions, flags_and_texts) {
  EXPECT_TRUE(excluded("{class_vectors.learned: yes}", trial_));
  EXPECT_TRUE(excluded("{class_vectors.norm: native}", trial_));
  EXPECT_FALSE(excluded("{class_vectors.norm: 2}", trial_));
}

TEST_F(Exclusions, every_key_must_match_with_any_of_its_values) {
  EXPECT_TRUE(excluded("{head.name: [cosine, dot], seed: [0, 1]}", trial_));
  EXPECT_FALSE(excluded("{head.name: [cosine, dot], seed: [1, 2]}", trial_));
}

TEST_F(Exclusions, nested_maps_are_dotted_keys) {
  EXPECT_TRUE(excluded("{optimizer: {decay: {bias: false}}, head: {name: dot}}", trial_));
}

TEST_F(Exclusions, an_option_that_the_trial_lacks_matches_only_null) {
  EXPECT_FALSE(excluded("{head.scale: 20}", trial_));
  EXPECT_TRUE(excluded("{head.scale: null}", trial_));
  EXPECT_TRUE(excluded("{dataset.samples_per_class: ~}", trial_));
}

/// The entries of a list, looked up and tried one by one.
class Table {
 public:
  explicit Table(const std::string& list) {
    Problems problems;
    entries_ = read_exclusions(parse_yaml(list, source_, problems), problems);
    EXPECT_TRUE(problems.empty()) << problems.front().message;
    used_.resize(entries_.size());
  }

  void expect_same(nlohmann::json cell, const std::vector<std::int64_t>& seeds) {
    std::vector<std::int64_t> kept;
    for (const std::int64_t seed : seeds) {
      cell["seed"] = seed;
      bool is_excluded = false;
      for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (!matches(entries_[i], cell)) continue;
        is_excluded = used_[i] = true;
      }
      if (!is_excluded) kept.push_back(seed);
    }
    EXPECT_EQ(table().kept_seeds(cell, seeds), kept) << cell;
  }
  std::vector<int> unused_lines() {
    std::vector<int> lines;
    for (const Place& place : table().unused()) lines.push_back(place.line);
    return lines;
  }
  std::vector<int> unused_lines_one_by_one() const {
    std::vector<int> lines;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!used_[i]) lines.push_back(entries_[i].place.line);
    }
    return lines;
  }
  ExclusionTable& table() {
    if (!table_) table_.emplace(entries_);
    return *table_;
  }

 private:
  std::string source_ = "f";
  std::vector<Exclusion> entries_;
  std::vector<bool> used_;
  std::optional<ExclusionTable> table_;
};

TEST_F(Exclusions, entries_looked_up_exclude_what_they_do_one_by_one) {
  Table table(R"(
- {seed: 3}
- {seed: [5, +6], head.name: dot}
- {seed: [1, 2], optimizer.learning_rate: [1e-1, 2]}
- {seed: 0, optimizer: {learning_rate: 0.2}, class_vectors.learned: no}
- {optimizer.learning_rate: [0.3, 0.30]}
- {optimizer.learning_rate: 0.4, class_vectors.learned: [yes, false]}
- {head.scale: null, optimizer.learning_rate: 0.5}
- {head.scale: 7, optimizer.learning_rate: 0.5}
- {optimizer.learning_rate: 0.25}
- {seed: 100}
- {head.name: []}
- {class_vectors.norm: native, seed: 8, optimizer.learning_rate: 0.3}
)");
  std::vector<std::int64_t> seeds(10);
  std::iota(seeds.begin(), seeds.end(), 0);
  for (const double learning_rate : {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}) {
    for (const bool is_learned : {false, true}) {
      for (const char* head : {"dot", "cosine"}) {
        trial_["optimizer"]["learning_rate"] = learning_rate;
        trial_["class_vectors"]["learned"] = is_learned;
        trial_["head"]["name"] = head;
        table.expect_same(trial_, seeds);
      }
    }
  }
  EXPECT_EQ(table.unused_lines(), table.unused_lines_one_by_one());
  EXPECT_EQ(table.unused_lines(), (std::vector<int>{9, 10, 11, 12}));
}

TEST_F(Exclusions, without_entries_keep_every_seed) {
  EXPECT_EQ(Table("[]").table().kept_seeds(trial_, {3, 1}), (std::vector<std::int64_t>{3, 1}));
}

TEST_F(Exclusions, many_entries_for_many_trials_take_linear_time) {
  std::string list;
  for (int i = 0; i < 500; ++i) {
    list += "- {head.name: dot, optimizer.learning_rate: 1." + std::to_string(i) + "}\n";
    list += "- {head.name: dot, seed: " + std::to_string(i) + "}\n";
  }
  Table table(list);
  std::vector<std::int64_t> seeds(100'000);
  std::iota(seeds.begin(), seeds.end(), 0);
  const auto kept = table.table().kept_seeds(trial_, seeds);
  EXPECT_EQ(kept.size(), seeds.size() - 500);
  EXPECT_EQ(kept.front(), 500);
  EXPECT_EQ(table.table().unused().size(), 500U);
}

TEST_F(Exclusions, equal_values_are_checked_once_and_wrong_ones_told_where_they_stand) {
  const std::string source = "f";
  const auto problems_of = [&](const std::string& values) {
    Problems problems;
    read_exclusions(parse_yaml("[{seed: [" + values + "]}]", source, problems), problems);
    return problems;
  };
  std::string equal;
  for (int i = 0; i < 100'001; ++i) equal += "7, ";  // more than different ones may be
  EXPECT_TRUE(problems_of(equal).empty());
  EXPECT_EQ(problems_of("-1, 7, -1").size(), 2U);
}

}  // namespace
}  // namespace headway
