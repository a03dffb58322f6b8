// Stands in for headway-worker where scheduling is tested: obeys the same command line, signals and
// lifeline, takes its trials from a TrialSource, and sleeps instead of training. What it does
// besides is told by the environment:
//   FAKE_TRIAL_MS        how long a trial takes (default 20)
//   FAKE_DURATION_S      what it says that one took (default 0.001)
//   FAKE_BEHAVIOUR       train | crash | crash_once | crash_report | hang | error | no_start
// Each trial that it carries through is noted in <sweep>/carried_through.txt.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/environment.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "cluster/group_settings.h"
#include "config/yaml/section_reader.h"
#include "runner/worker/trial_source.h"
#include "scheduling/claims/crash_report.h"

namespace headway {
namespace {

constexpr std::int64_t kSteps = 10;

volatile std::sig_atomic_t asked_to_stop = 0;

bool lifeline_cut() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;  // nobody writes to it: an event is its end
}

bool should_stop() {
  return asked_to_stop != 0 || lifeline_cut();
}

class FakeWorker {
 public:
  FakeWorker(std::filesystem::path sweep, ClaimOwner owner, std::optional<std::string> only)
      : sweep_(sweep),
        owner_(owner),
        source_(sweep, owner, std::move(only)),
        out_(sweep, "worker") {}

  int serve() {
    while (!should_stop()) {
      auto trial = source_.next();
      if (!trial) return 0;
      carry_out(*trial);
    }
    return kExitYielded;
  }

 private:
  void carry_out(ClaimedTrial& trial) {
    out_.append(AttemptStarted{.trial_id = trial.claim.trial_id(),
                               .attempt = trial.claim.attempt(),
                               .group = owner_.group,
                               .world_size = owner_.world_size},
                Flush::kNow);
    misbehave(trial.claim);
    for (std::int64_t step = 1; step <= kSteps; ++step) {
      std::this_thread::sleep_for(step_time());
      trial.claim.beat({.step = step, .total_steps = kSteps, .phase = "training"});
      if (trial.claim.fenced()) return;
      if (trial.claim.cancel_asked()) return finish(trial.claim, "cancelled", "");
      if (should_stop()) return finish(trial.claim, "yielded", "");
    }
    if (behaviour_ == "error") return finish(trial.claim, "failed", "error");
    note(trial.claim);
    finish(trial.claim, "done", "");
  }

  void misbehave(Claim& claim) {
    const bool first = claim.attempt() == 1;
    if (behaviour_ == "crash" || (behaviour_ == "crash_once" && first)) std::raise(SIGKILL);
    if (behaviour_ == "crash_report") {
      write_crash_report(crash_report_file(sweep_, claim.trial_id(), claim.attempt(), 0),
                         {0, "oom", "not enough memory"});
      std::raise(SIGKILL);
    }
    while (behaviour_ == "hang") {
      claim.beat({.step = 1, .total_steps = kSteps, .phase = "training"});
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void finish(const Claim& claim, const std::string& state, const std::string& failure) {
    out_.append(AttemptFinished{.trial_id = claim.trial_id(),
                                .attempt = claim.attempt(),
                                .state = state,
                                .failure = failure,
                                .message = failure.empty() ? "" : "no such data set",
                                .exit_code = 0,
                                .duration_s = std::atof(said_duration().c_str())},
                Flush::kNow);
  }

  void note(const Claim& claim) {
    const FileDescriptor file =
        open_file(sweep_ / "carried_through.txt", O_WRONLY | O_CREAT | O_APPEND);
    write_all(file.native(), claim.trial_id().text() + "\n", "carried_through.txt");
  }

  static std::string said_duration() {
    return environment_variable("FAKE_DURATION_S").value_or("0.001");
  }

  static std::chrono::milliseconds step_time() {
    const auto total = environment_variable("FAKE_TRIAL_MS").value_or("20");
    return std::chrono::milliseconds(std::max(1, std::atoi(total.c_str()) / int{kSteps}));
  }

  std::filesystem::path sweep_;
  ClaimOwner owner_;
  TrialSource source_;
  SegmentWriter out_;
  std::string behaviour_ = environment_variable("FAKE_BEHAVIOUR").value_or("train");
};

int run(int argc, char** argv) {
  CLI::App app("a worker that trains nothing");
  CLI::App& serve = *app.add_subcommand("serve");
  std::string text;
  serve.add_option("settings", text)->required();
  app.parse(argc, argv);
  if (environment_variable("FAKE_BEHAVIOUR") == "no_start") {
    std::cerr << "libtorch_cpu.so: cannot open shared object file" << std::endl;
    return kExitCannotStart;
  }
  const auto settings = section_from_json<GroupSettings>(nlohmann::json::parse(text), "settings");
  const LaunchedRank launched = launched_rank();
  if (launched.rank != 0) return 0;
  const ClaimOwner owner{this_process(), GroupName(settings.group), launched.size};
  std::optional<std::string> only;
  if (!settings.only_trial.empty()) only = settings.only_trial;
  return FakeWorker(settings.sweep_directory, owner, only).serve();
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) {
    std::signal(signal, [](int) { headway::asked_to_stop = 1; });
  }
  try {
    return headway::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
