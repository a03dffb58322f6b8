#include "runner/supervisor/store_sync.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/text.h"
#include "base/time.h"

namespace headway {
namespace {

constexpr double kSecondsBetweenSyncs = 10;
constexpr double kShareOfACore = 0.2;  // at most, for the syncs of a large sweep
constexpr double kSecondsBetweenTries = 1;
constexpr double kSecondsToDie = 0.5;
constexpr std::chrono::milliseconds kBetweenLooks{20};

// In memory: a full disk must not swallow what is to be said of it.
FileDescriptor make_output() {
  FileDescriptor file(::memfd_create("headway-store-sync", MFD_CLOEXEC));
  if (!file.is_open()) throw_errno("memfd_create");
  return file;
}

std::string text_in(const FileDescriptor& file) {
  std::string text(4096, '\0');
  const ssize_t count = ::pread(file.native(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

}  // namespace

StoreSync::StoreSync(std::filesystem::path program,
                     std::filesystem::path sweep_directory,
                     std::function<void(const std::string&)> tell)
    : program_(std::move(program)),
      sweep_directory_(std::move(sweep_directory)),
      tell_(std::move(tell)) {}

StoreSync::~StoreSync() {
  abandon();
}

void StoreSync::tend() {
  if (program_.empty()) return;
  if (const auto outcome = poll()) report(*outcome);
  if (child_ == nullptr && monotonic_seconds() >= next_at_) begin(Kind::kOneOfMany);
}

void StoreSync::begin(Kind kind) {
  began_at_ = monotonic_seconds();
  start_failure_.clear();
  try {
    output_ = make_output();
    ChildProcess::Start start{
        .program = {.command = {program_.string(), "__sync", sweep_directory_.string()}},
        .output = output_.native()};
    if (kind == Kind::kLast) start.program.command.emplace_back("--last");
    child_ = std::make_unique<ChildProcess>(start);
  } catch (const EnvironmentError& error) {
    start_failure_ = error.what();
  }
}

// Nothing while it runs, and when none does.
std::optional<StoreSync::Outcome> StoreSync::poll() {
  const double now = monotonic_seconds();
  Outcome outcome;
  if (!start_failure_.empty()) {
    outcome.failure = std::exchange(start_failure_, "");
  } else if (child_ != nullptr) {
    const auto end = child_->poll();
    if (!end) return std::nullopt;
    child_.reset();
    const std::string said = last_line(text_in(output_));
    if (end->exit_code == kExitDone) {
      outcome.note = printable(said);
    } else {
      outcome.failure = said.empty() ? end->describe() : printable(said);
      outcome.may_pass = end->exit_code != kExitStore;
    }
  } else {
    return std::nullopt;
  }
  next_at_ = now + std::max(kSecondsBetweenSyncs, (now - began_at_) / kShareOfACore);
  return outcome;
}

void StoreSync::report(const Outcome& outcome) {
  if (outcome.failure == reported_) return;
  reported_ = outcome.failure;
  tell_(reported_.empty() ? "the results store is up to date again"
                          : fmt::format("results store not brought up to date: {}; the trials go "
                                        "on, and it is tried again",
                                        reported_));
}

void StoreSync::finish(double seconds, const std::function<bool()>& is_cut_short) {
  if (program_.empty()) return;
  const double deadline = monotonic_seconds() + seconds;
  const auto is_over = [&] { return is_cut_short() || monotonic_seconds() >= deadline; };
  const Outcome outcome = wait_for_last(is_over);
  if (outcome.failure.empty()) {
    if (!outcome.note.empty()) tell_(outcome.note);
    return;
  }
  std::string remedy;
  if (outcome.may_pass) {
    remedy = fmt::format(
        "; nothing is lost: 'headway table {}', as any command that reads results, "
        "brings it up to date",
        sweep_directory_.string());
  }
  tell_(fmt::format("results store not brought up to date: {}{}", outcome.failure, remedy));
}

StoreSync::Outcome StoreSync::wait_for_last(const std::function<bool()>& is_over) {
  Outcome last{.failure = "the time did not suffice"};
  bool is_last = false;
  double next_try = 0;
  while (!is_over()) {
    if (const auto outcome = poll()) {
      const bool failed = !outcome->failure.empty();
      if (is_last && failed && !outcome->may_pass) return *outcome;
      report(*outcome);
      if (is_last && !failed) return *outcome;
      if (failed) last = *outcome;
      next_try = is_last ? monotonic_seconds() + kSecondsBetweenTries : 0;
    }
    if (child_ == nullptr && monotonic_seconds() >= next_try) {
      is_last = true;
      begin(Kind::kLast);
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  abandon();
  return last;
}

// A process that hangs in the kernel, on a file server that is gone, does not die: it is not waited
// for.
void StoreSync::abandon() {
  if (child_ == nullptr) return;
  child_->kill_tree();
  const double deadline = monotonic_seconds() + kSecondsToDie;
  while (!child_->poll() && monotonic_seconds() < deadline) {
    std::this_thread::sleep_for(kBetweenLooks);
  }
  if (!child_->poll()) static_cast<void>(child_.release());
  child_.reset();
}

}  // namespace headway
