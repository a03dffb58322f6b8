// The input is what someone put into a sweep's folder: "=== PATH" begins a file (framed as records
// when its first line is "frame"), a path that ends in "/" is a folder, "@0" and "@1" are trials of
// the plan.
#include "base/sweep_layout.h"
#include "config/schema/trial_config.h"
#include "fuzz/support/fuzz_target.h"
#include "store/segments/record_framing.h"
#include "store/sql/fsck.h"
#include "store/sql/results_store.h"
#include "store/tables/table.h"
#include "support/small_sweep.h"
#include "sweep/snapshot.h"
#include "sweep/sweep_status.h"

namespace headway {
namespace {

/// Inside the folder, and nothing that is longer than a file system takes.
bool is_inside(std::string_view path) {
  return !path.empty() && path.size() < 200 && path.front() != '/' &&
         path.find("..") == std::string_view::npos && path.find('\0') == std::string_view::npos;
}

void put(const std::filesystem::path& folder, std::string_view path, std::string_view content) {
  if (!is_inside(path)) return;
  const auto target = folder / path;
  std::error_code ignored;
  std::filesystem::create_directories(target.parent_path(), ignored);
  if (!content.starts_with("frame\n")) return write_bytes(target, content);
  take_line(content);
  std::string framed;
  while (!content.empty()) framed += frame_record(take_line(content));
  write_bytes(target, framed);
}

std::string with_ids(std::string_view text) {
  static const std::vector<std::string> ids = {small_trial(0).trial_id.text(),
                                               small_trial(1).trial_id.text()};
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_name = text[i] == '@' && i + 1 < text.size() && (text[i + 1] | 1) == '1';
    if (is_name) {
      result += ids[static_cast<std::size_t>(text[++i] - '0')];
    } else {
      result += text[i];
    }
  }
  return result;
}

void put_all(const std::filesystem::path& folder, std::string_view text) {
  std::string_view path;
  std::string_view rest = text;
  const char* begin = text.data();
  while (!rest.empty()) {
    const char* const here = rest.data();
    const std::string_view line = take_line(rest);
    if (!line.starts_with("=== ")) continue;
    put(folder, path, {begin, static_cast<std::size_t>(here - begin)});
    path = line.substr(4);
    begin = rest.data();
  }
  put(folder, path, {begin, static_cast<std::size_t>(text.data() + text.size() - begin)});
}

}  // namespace
}  // namespace headway

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  const TemporaryDirectory folder;
  write_manifest(folder.path(), small_sweep(2));
  std::filesystem::create_directories(SweepLayout(folder.path()).segments());
  put_all(folder.path(), with_ids(as_text(data, size)));
  is_taken([&] {
    SweepSnapshot snapshot(folder.path());
    snapshot.refresh();
    sweep_status({}, snapshot);
  });
  is_taken([&] {
    ResultsStore store(folder.path());
    store.sync();
    make_table(store, {});
  });
  is_taken([&] { fsck(folder.path()); });
  return 0;
}
