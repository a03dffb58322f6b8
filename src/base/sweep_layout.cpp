#include "base/sweep_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/errors.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

// Links within the sweep lead nowhere else. One that leads to nothing does not count as such: a
// file would be made there.
void expect_no_way_out(const fs::path& path, const fs::path& root) {
  std::error_code unknown;
  if (!fs::is_symlink(fs::symlink_status(path, unknown))) return;
  const fs::path target = fs::canonical(path, unknown);
  const bool leads_nowhere = static_cast<bool>(unknown);
  if (!leads_nowhere && is_below(target, fs::canonical(root))) return;
  throw StrayLinkError(
      path,
      fmt::format("a symbolic link that leads {}, to {}; put what is meant in its place",
                  leads_nowhere ? "nowhere" : "out of the sweep",
                  in_quotes(fs::read_symlink(path, unknown).string())));
}

}  // namespace

fs::path SweepLayout::sweep_file(int version) const {
  return within({fmt::format("sweep.{}.yaml", version)});
}

fs::path SweepLayout::damaged_trials_file(int number) const {
  return within(
      {number == 1 ? "trials.damaged.jsonl" : fmt::format("trials.damaged.{}.jsonl", number)});
}

fs::path SweepLayout::within(std::initializer_list<std::string_view> names) const {
  fs::path path = root_;
  for (const std::string_view name : names) {
    path /= name;
    expect_no_way_out(path, root_);
  }
  return path;
}

}  // namespace headway
