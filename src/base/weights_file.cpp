#include "base/weights_file.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/sha256.h"
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

// "" where the metadata lack the key.
std::string told(const SafetensorsFile& file, const char* key) {
  const auto entry = file.metadata().find(key);
  return entry == file.metadata().end() ? "" : entry->second;
}

std::string by_record_of(const TrialId& trial_id) {
  return "the record of trial " + trial_id.text();
}

}  // namespace

SafetensorsFile open_weights(const std::filesystem::path& file,
                             const TrialId& trial_id,
                             const std::string& recorded) {
  SafetensorsFile weights = open_whole(file);
  expect_equal(file, "weights of trial", told(weights, kTrialIdOfWeights), "its place", trial_id);
  const std::string found = hash_tensors(weights.tensors());
  if (!recorded.empty()) {
    expect_equal(file, "weights", found, by_record_of(trial_id), recorded);
  }
  expect_equal(file, "weights", found, "its own metadata", told(weights, kHashOfWeights));
  return weights;
}

void expect_class_vectors(const std::filesystem::path& file,
                          const TrialId& trial_id,
                          const std::string& recorded) {
  const SafetensorsFile drawn = open_whole(file);
  std::string hash = told(drawn, kHashOfClassVectors);
  if (const std::string origin = told(drawn, kOriginOfClassVectors); !origin.empty()) {
    hash = Sha256().add(origin).add(drawn.at(kClassVectorsTensor).bytes).hex_digest();
  }
  expect_equal(file, "class vectors", hash, by_record_of(trial_id), recorded);
}

}  // namespace headway
