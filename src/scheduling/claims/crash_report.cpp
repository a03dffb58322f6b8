#include "scheduling/claims/crash_report.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/sweep_layout.h"

namespace headway {
namespace {

constexpr std::string_view kPrefix = SweepLayout::kCrashReportPrefix;

std::optional<int> rank_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int rank = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, rank);
  return error == std::errc() && stop == end ? std::optional(rank) : std::nullopt;
}

std::optional<CrashReport> read_words(const std::filesystem::path& file, int rank) {
  try {
    const std::string text = read_text(file, kLargestNote, Links::kRefuse);
    const auto line_end = text.find('\n');
    if (line_end == std::string::npos) return std::nullopt;  // it died while it spoke
    return CrashReport{rank, text.substr(0, line_end), text.substr(line_end + 1)};
  } catch (const EnvironmentError&) {
    return std::nullopt;
  }
}

// A call that other ranks take part in failed: mostly because one of them was gone already.
bool blames_a_peer(const CrashReport& words) {
  return words.message.starts_with("MPI_") || words.message.starts_with("nccl");
}

bool is_likelier_cause(const CrashReport& one, const CrashReport& other) {
  return std::pair(blames_a_peer(one), one.rank) < std::pair(blames_a_peer(other), other.rank);
}

}  // namespace

std::filesystem::path crash_report_file(const std::filesystem::path& sweep_directory,
                                        const TrialId& trial_id,
                                        int attempt,
                                        int rank) {
  return SweepLayout(sweep_directory).claim(trial_id, attempt) / fmt::format("{}{}", kPrefix, rank);
}

void write_crash_report(const std::filesystem::path& file, const CrashReport& words) noexcept {
  try {
    if (is_there(file)) return;
    const FileDescriptor out = open_file(file, O_WRONLY | O_CREAT | O_EXCL);
    write_all(out.native(), words.failure + "\n" + words.message, file);
  } catch (const std::exception& error) {
    log_warning("{}", error.what());
  }
}

std::optional<CrashReport> first_crash_report(const std::filesystem::path& sweep_directory,
                                              const TrialId& trial_id,
                                              int attempt) {
  std::optional<CrashReport> first;
  std::error_code none;
  std::filesystem::directory_iterator entry(SweepLayout(sweep_directory).claim(trial_id, attempt),
                                            none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    const auto rank = rank_of(entry->path().filename().string());
    auto words = rank ? read_words(entry->path(), *rank) : std::nullopt;
    if (words && (!first || is_likelier_cause(*words, *first))) first = std::move(words);
  }
  return first;
}

std::string to_text(const CrashReport& words, int ranks) {
  return ranks > 1 ? fmt::format("rank {}: {}", words.rank, words.message) : words.message;
}

}  // namespace headway
