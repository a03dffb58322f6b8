#pragma once

#include "runner/supervisor/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/signals.h"
#include "base/time.h"
#include "cluster/local/group_state.h"
#include "cluster/local/local_launcher.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "sweep/pauses.h"

namespace headway {

inline void sleep_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

template <typename Condition>
bool comes_true(const Condition& condition, double seconds = 20) {
  const double end = monotonic_seconds() + seconds;
  while (!condition()) {
    if (monotonic_seconds() > end) return false;
    sleep_a_little();
  }
  return true;
}

/// Supervisors on a sweep whose trials a stand-in worker carries through
/// (tests/support/fake_worker.cpp).
class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override { behave("train", 20); }

  void plan(std::int64_t trials) { write_manifest(sweep_, small_sweep(trials)); }

  static void behave(const std::string& behaviour, int trial_milliseconds) {
    ::setenv("FAKE_BEHAVIOUR", behaviour.c_str(), 1);
    ::setenv("FAKE_TRIAL_MS", std::to_string(trial_milliseconds).c_str(), 1);
  }

  SupervisorOptions options() const {
    return {
        .sweep_directory = sweep_,
        .group = {.worker = HEADWAY_FAKE_WORKER, .settings = {.sweep_directory = sweep_.string()}},
        .limits = group_limits(2, std::nullopt, std::nullopt),
        .headway = HEADWAY_PROGRAM};
  }

  SupervisorEnd run(const SupervisorOptions& with) {
    ProgressDisplay display(messages_, {});
    const auto launcher = make_local_launcher();
    return Supervisor(with, *launcher, display).run();
  }
  SupervisorEnd run() { return run(options()); }

  /// A supervisor in a process of its own, which exits with its SupervisorEnd.
  pid_t start_supervisor() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(static_cast<int>(run()));
    return pid;
  }

  static int wait_status(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  SweepState state() const {
    SweepState now(sweep_);
    now.refresh();
    return now;
  }

  std::int64_t count(TrialState wanted) const {
    const SweepState now = state();
    std::int64_t found = 0;
    for (const auto& [trial_id, record] : now.trials()) found += record.state() == wanted;
    return found;
  }

  /// How often workers carried each trial through, by their own account.
  std::map<std::string, int> carried_through() const {
    std::map<std::string, int> counts;
    std::ifstream file(sweep_ / "carried_through.txt");
    for (std::string line; std::getline(file, line);) ++counts[line];
    return counts;
  }

  void expect_each_trial_done_once(std::int64_t trials) const {
    EXPECT_EQ(count(TrialState::kDone), trials);
    const auto counts = carried_through();
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(trials));
    for (const auto& [trial_id, times] : counts) EXPECT_EQ(times, 1) << trial_id;
  }

  const AttemptRecord& first_attempt(const SweepState& now) const {
    return now.trials().begin()->second.attempts.at(1);
  }

  TemporaryDirectory folder_;
  std::filesystem::path sweep_ = folder_.path() / "small";
  std::ostringstream messages_;
};

}  // namespace headway
