#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/fields.h"

namespace headway {

/// What a worker group is told: `headway-worker serve JSON` with these keys, or with a suite
/// `headway-worker evaluate JSON`. A value of
/// `resources:` that workers need is a line here, and nothing else.
struct GroupSettings {
  std::string sweep_directory = {};
  std::string group = {};      // its name in claims, records and logs
  std::string device = "cpu";  // cpu | cuda; of an evaluation also auto: as the trial was trained
  std::int64_t threads_per_rank = 1;
  CheckpointSettings checkpoints = {};
  std::optional<double> time_limit_seconds = {};  // from its start
  std::string only_trial = {};                    // serve this one and leave; "" for all
  bool has_lifeline = true;                       // leave when the supervisor is gone
  double stop_seconds = 60;                       // to leave in, before a rank ends itself
  bool verbose = false;                           // epochs also on standard error
  std::string suite = {};                         // evaluates finished trials instead; "": trains
  std::vector<std::string> trials = {};           // ids to evaluate; empty: all of the plan
};

void visit(auto& field, Is<GroupSettings> auto& settings) {
  field("sweep_directory", settings.sweep_directory);
  field("group", settings.group);
  field("device", settings.device, {.choices = {"cpu", "cuda", "auto"}});
  field("threads_per_rank", settings.threads_per_rank, kThreadCount);
  visit(field, settings.checkpoints);
  field.duration("time_limit", settings.time_limit_seconds);
  field("only_trial", settings.only_trial);
  field("has_lifeline", settings.has_lifeline);
  field("stop_seconds", settings.stop_seconds, kPositive);
  field("verbose", settings.verbose);
  field("suite", settings.suite);
  field("trials", settings.trials);
}

}  // namespace headway
