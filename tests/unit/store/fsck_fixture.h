#pragma once

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/sweep_layout.h"
#include "base/weights_file.h"
#include "store/sql/fsck.h"
#include "store/sql/results_store.h"
#include "unit/store/sweep_fixture.h"

namespace headway {

class Fsck : public ::testing::Test {
 protected:
  // One finished trial with its weights.
  Fsck() {
    nlohmann::json done = fixture_.done(0, 1, 0.5);
    done["weights_sha256"] = hash_tensors(weights());
    fixture_.write({fixture_.started(0, 1), done});
    write_weights(weights_file());
    ResultsStore(fixture_.path()).sync();
  }

  std::filesystem::path weights_file() const {
    return SweepLayout(fixture_.path()).weights(fixture_.id(0));
  }
  std::vector<NamedTensor> weights() const {
    return {{"linear.weight", "F32", {4}, std::as_bytes(std::span(values_))}};
  }
  void write_weights(const std::filesystem::path& file,
                     std::map<std::string, std::string> metadata = {}) {
    std::filesystem::create_directories(file.parent_path());
    metadata.insert({{kTrialIdOfWeights, fixture_.id(0)}, {kHashOfWeights, hash_}});
    write_safetensors(file, weights(), metadata);
  }
  void change_store(const std::string& statement) const {
    ResultsStore(fixture_.path()).query([&](soci::session& sql) { sql << statement; });
  }
  // The only problem's message.
  std::string problem() {
    const FsckReport report = fsck(fixture_.path());
    EXPECT_EQ(report.problems.size(), 1);
    return report.problems.empty() ? "" : report.problems[0].message;
  }

  std::vector<float> values_{1, 2, 3, 4};
  const std::string hash_ = hash_tensors(weights());
  SweepFixture fixture_;
};

}  // namespace headway
