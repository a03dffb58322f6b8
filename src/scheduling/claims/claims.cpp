#include "scheduling/claims/claims.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/sweep_layout.h"
#include "base/watched_folder.h"

namespace headway {
namespace {

// Images a second.
constexpr double kLeastSpeed = 1e-6;
constexpr double kMostSpeed = 1e12;

// 0 for names that are no attempt: prepared folders, editors' leftovers, "007".
int attempt_number(const std::string& name) {
  int number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  const bool is_number = error == std::errc() && stop == end && name == std::to_string(number);
  return is_number && number > 0 && number <= kMostAttempts ? number : 0;
}

std::vector<int> attempts_in(const std::filesystem::path& trial_claims) {
  std::vector<int> attempts;
  std::error_code none;
  std::filesystem::directory_iterator entry(trial_claims, none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    const int attempt = attempt_number(entry->path().filename().string());
    if (attempt > 0) attempts.push_back(attempt);
  }
  std::ranges::sort(attempts);
  return attempts;
}

std::string heartbeat_text(const ClaimOwner& owner,
                           std::uint64_t counter,
                           const Progress& progress) {
  return nlohmann::json{{"process", owner.process},
                        {"group", owner.group},
                        {"world_size", owner.world_size},
                        {"counter", counter},
                        {"progress",
                         {{"epoch", progress.epoch},
                          {"epochs", progress.epochs},
                          {"step", progress.step},
                          {"total_steps", progress.total_steps},
                          {"images_per_second", progress.images_per_second},
                          {"phase", progress.phase},
                          {"evaluated_batches", progress.evaluated_batches},
                          {"packed_images", progress.packed_images}}},
                        {"segment", progress.segment},
                        {"segment_bytes", progress.segment_bytes}}
      .dump();
}

std::int64_t count_from(const nlohmann::json& json) {
  return integer_in(json, {0, kWholeRange.most});
}

Progress progress_from(const nlohmann::json& json) {
  Progress progress;
  progress.epoch = count_from(json.at("epoch"));
  progress.epochs = count_from(json.at("epochs"));
  progress.step = count_from(json.at("step"));
  progress.total_steps = count_from(json.at("total_steps"));
  // A speed that was not finite stands there as null. Of no such speed has anyone trained.
  const auto& speed = json.at("images_per_second");
  const double told = speed.is_number() ? speed.get<double>() : 0;
  if (told >= kLeastSpeed && told <= kMostSpeed) progress.images_per_second = told;
  json.at("phase").get_to(progress.phase);
  if (json.contains("evaluated_batches")) {
    progress.evaluated_batches = count_from(json.at("evaluated_batches"));
  }
  if (json.contains("packed_images")) {
    progress.packed_images = count_from(json.at("packed_images"));
  }
  return progress;
}

ClaimView read_claim(const std::filesystem::path& folder, TrialId trial_id, int attempt) {
  ClaimView view{.trial_id = std::move(trial_id), .attempt = attempt, .owner = {}, .progress = {}};
  try {
    const auto json =
        parse_json(read_text(folder / SweepLayout::kHeartbeat, kLargestNote, Links::kRefuse));
    ClaimView whole = view;
    json.at("process").get_to(whole.owner.process);
    json.at("group").get_to(whole.owner.group);
    whole.owner.world_size = static_cast<int>(integer_in(json.at("world_size"), {1, kMostRanks}));
    whole.counter = static_cast<std::uint64_t>(count_from(json.at("counter")));
    whole.progress = progress_from(json.at("progress"));
    if (json.contains("segment")) {
      json.at("segment").get_to(whole.progress.segment);
      whole.progress.segment_bytes =
          static_cast<std::uint64_t>(count_from(json.at("segment_bytes")));
    }
    return whole;
  } catch (const nlohmann::json::exception& error) {
    view.unreadable = error.what();  // an unflushed file that its machine's crash left empty
    return view;
  } catch (const EnvironmentError& error) {
    view.unreadable = error.what();
    return view;
  }
}

// What an attempt's folder says, unless it is a link that leads out of the sweep.
ClaimView claim_of(const SweepLayout& layout, const TrialId& trial_id, int attempt) {
  try {
    return read_claim(layout.claim(trial_id, attempt), trial_id, attempt);
  } catch (const EnvironmentError& error) {
    return {.trial_id = trial_id,
            .attempt = attempt,
            .owner = {},
            .progress = {},
            .unreadable = error.what()};
  }
}

// The folder of the trial's claims, there or not. ClaimError when it is a link that leads out of
// the sweep: that is the trial's trouble alone, unlike such a link in the place of all claims.
std::filesystem::path claims_folder(const SweepLayout& layout, const TrialId& trial_id) {
  layout.claims();
  try {
    return layout.claims(trial_id);
  } catch (const EnvironmentError& error) {
    throw ClaimError(error.what());
  }
}

// The attempts that are claimed; none where no claims can be, and try_claim says why.
std::vector<int> claimed_attempts(const SweepLayout& layout, const TrialId& trial_id) {
  try {
    return attempts_in(claims_folder(layout, trial_id));
  } catch (const ClaimError&) {
    return {};
  }
}

// The trials that have a folder of claims, or something in its place.
std::vector<TrialId> trials_with_claims(const SweepLayout& layout) {
  std::vector<TrialId> ids;
  std::error_code none;
  std::filesystem::directory_iterator entry(layout.claims(), none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    if (const auto id = TrialId::from(entry->path().filename().string())) ids.push_back(*id);
  }
  std::ranges::sort(ids);
  return ids;
}

// Needs no new block: the text is filled up with blanks, which JSON ignores, to the file's length.
void overwrite_in_place(const std::filesystem::path& path, std::string text) {
  std::error_code unknown;
  const auto length = std::filesystem::file_size(path, unknown);
  if (!unknown && length > text.size()) text.resize(length, ' ');
  const FileDescriptor file = open_file(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  write_all(file.native(), text, path);
}

// Something else may stand in its place, or in that of the folder of all claims.
void expect_folder(const std::filesystem::path& trial_claims) {
  for (const std::filesystem::path& folder : {trial_claims.parent_path(), trial_claims}) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    throw ClaimError(fmt::format(
        "{}: found {}, expected a directory", folder.string(), kind_of_file(info.st_mode)));
  }
}

bool is_own(const std::filesystem::path& folder, const ClaimOwner& owner, int attempt) {
  const ClaimView there = read_claim(folder, {}, attempt);
  return there.owner.process == owner.process && there.owner.group == owner.group &&
         there.counter == 0;
}

}  // namespace

bool waits_for_others(const std::string& phase) {
  return phase.starts_with(kWaitingFor);
}

struct Claim::State {
  std::filesystem::path folder;
  TrialId trial_id;
  int attempt = 0;
  ClaimOwner owner;
  std::mutex beating;
  std::uint64_t counter = 0;
  bool complained = false;
};

Claim::Claim(std::filesystem::path folder, TrialId trial_id, int attempt, ClaimOwner owner)
    : state_(std::make_unique<State>()) {
  state_->folder = std::move(folder);
  state_->trial_id = std::move(trial_id);
  state_->attempt = attempt;
  state_->owner = std::move(owner);
}

Claim::Claim(Claim&&) noexcept = default;
Claim& Claim::operator=(Claim&&) noexcept = default;
Claim::~Claim() = default;

const TrialId& Claim::trial_id() const {
  return state_->trial_id;
}
int Claim::attempt() const {
  return state_->attempt;
}
const ClaimOwner& Claim::owner() const {
  return state_->owner;
}

void Claim::beat(const Progress& progress) {
  const std::lock_guard lock(state_->beating);
  ++state_->counter;
  const std::filesystem::path file = state_->folder / SweepLayout::kHeartbeat;
  const std::string text = heartbeat_text(state_->owner, state_->counter, progress);
  try {
    try {
      replace_file(file, text, Durability::kAtomicOnly);
    } catch (const DiskFullError&) {
      overwrite_in_place(file, text);
    }
    state_->complained = false;
  } catch (const EnvironmentError& error) {
    if (!state_->complained) log_warning("no heartbeat for {}: {}", state_->trial_id, error.what());
    state_->complained = true;
  }
}

bool Claim::fenced() const {
  const std::vector<int> attempts = attempts_in(state_->folder.parent_path());
  return !attempts.empty() && attempts.back() > state_->attempt;
}

bool Claim::cancel_asked() const {
  std::error_code unknown;
  return std::filesystem::exists(
      std::filesystem::symlink_status(state_->folder / SweepLayout::kCancelRequest, unknown));
}

void ask_to_cancel(const std::filesystem::path& sweep_directory,
                   const TrialId& trial_id,
                   int attempt) {
  const auto file =
      SweepLayout(sweep_directory).claim(trial_id, attempt) / SweepLayout::kCancelRequest;
  std::error_code absent;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, absent))) return;
  open_file(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
}

int groups_beside(const std::filesystem::path& sweep_directory, const GroupName& group) {
  std::set<GroupName> groups;
  for (const ClaimView& claim : latest_claims(sweep_directory)) {
    if (claim.owner.group == group || groups.contains(claim.owner.group)) continue;
    if (liveness(claim.owner.process) == Liveness::kAlive) groups.insert(claim.owner.group);
  }
  return static_cast<int>(groups.size());
}

std::optional<Claim> try_claim(const std::filesystem::path& sweep_directory,
                               const TrialId& trial_id,
                               int attempt,
                               const ClaimOwner& owner) {
  expects(attempt >= 1, "attempts count from 1");
  const auto trial_claims = claims_folder(SweepLayout(sweep_directory), trial_id);
  if (attempt > kMostAttempts) {
    throw ClaimError(fmt::format("{}: holds a claim {}, which no headway has made; remove it",
                                 trial_claims.string(),
                                 kMostAttempts));
  }
  expect_folder(trial_claims);
  const std::filesystem::path folder = trial_claims / std::to_string(attempt);
  const std::filesystem::path prepared = trial_claims / (".prepared-" + random_id());
  make_last_directories(prepared, 3, Durability::kAtomicOnly);
  replace_file(
      prepared / SweepLayout::kHeartbeat, heartbeat_text(owner, 0, {}), Durability::kAtomicOnly);
  if (std::rename(prepared.c_str(), folder.c_str()) == 0) {
    return Claim(folder, trial_id, attempt, owner);
  }
  const int reason = errno;
  std::error_code ignored;
  std::filesystem::remove_all(prepared, ignored);
  if (reason == ENOTEMPTY || reason == EEXIST) return std::nullopt;
  if (reason == ENOTDIR) {
    throw ClaimError(
        fmt::format("{}: found a file, expected a directory; remove it", folder.string()));
  }
  // An NFS client that repeats a request whose answer was lost hears that the source is gone.
  if (reason == ENOENT && is_own(folder, owner, attempt)) {
    return Claim(folder, trial_id, attempt, owner);
  }
  errno = reason;
  throw_errno("rename", folder.string());
}

std::optional<ClaimView> latest_claim(const std::filesystem::path& sweep_directory,
                                      const TrialId& trial_id) {
  const SweepLayout layout(sweep_directory);
  const std::vector<int> attempts = claimed_attempts(layout, trial_id);
  if (attempts.empty()) return std::nullopt;
  return claim_of(layout, trial_id, attempts.back());
}

std::vector<ClaimView> latest_claims(const std::filesystem::path& sweep_directory) {
  std::vector<ClaimView> views;
  for (const TrialId& trial_id : trials_with_claims(SweepLayout(sweep_directory))) {
    auto view = latest_claim(sweep_directory, trial_id);
    if (view) views.push_back(std::move(*view));
  }
  return views;
}

std::vector<ClaimView> all_claims(const std::filesystem::path& sweep_directory) {
  const SweepLayout layout(sweep_directory);
  std::vector<ClaimView> views;
  for (const TrialId& trial_id : trials_with_claims(layout)) {
    for (const int attempt : claimed_attempts(layout, trial_id)) {
      views.push_back(claim_of(layout, trial_id, attempt));
    }
  }
  return views;
}

StalenessObserver::StalenessObserver(double timeout_seconds, std::function<double()> clock)
    : timeout_seconds_(timeout_seconds), clock_(std::move(clock)) {}

bool StalenessObserver::stale(const ClaimView& claim) {
  if (liveness(claim.owner.process) == Liveness::kDead) return true;
  const double now = clock_();
  const auto [found, first_seen] =
      sightings_.try_emplace({claim.trial_id, claim.attempt}, Sighting{claim.counter, now});
  Sighting& sighting = found->second;
  if (!first_seen && sighting.counter != claim.counter) sighting = {claim.counter, now};
  return now - sighting.since >= timeout_seconds_;
}

}  // namespace headway
