#include "base/weights_file.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/text.h"

namespace headway {
namespace {

SafetensorsFile open_whole(const std::filesystem::path& file) {
  try {
    return SafetensorsFile(MappedFile(file, Links::kRefuse), file.string());
  } catch (const ConfigError& error) {
    throw StoreError(error.what());
  }
}

void expect_equal(const std::filesystem::path& file,
                  const std::string& what,
                  const std::string& found,
                  const std::string& by_whom,
                  const std::string& expected) {
  if (found == expected) return;
  throw StoreError(fmt::format("{}: holds {} {}, but {} says {}",
                               file.string(),
                               what,
                               in_quotes(found),
                               by_whom,
                               expected.empty() ? "nothing" : in_quotes(expected)));
}

}  // namespace

SafetensorsFile open_weights(const std::filesystem::path& file,
                             const TrialId& trial_id,
                             const std::string& recorded) {
  SafetensorsFile weights = open_whole(file);
  const auto told = [&](const char* key) {
    const auto entry = weights.metadata().find(key);
    return entry == weights.metadata().end() ? "" : entry->second;
  };
  expect_equal(file, "weights of trial", told(kTrialIdOfWeights), "its place", trial_id);
  const std::string found = hash_tensors(weights.tensors());
  if (!recorded.empty()) {
    expect_equal(file, "weights", found, "the record of trial " + trial_id.text(), recorded);
  }
  expect_equal(file, "weights", found, "its own metadata", told(kHashOfWeights));
  return weights;
}

}  // namespace headway
