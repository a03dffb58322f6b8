#include "base/weights_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/errors.h"
#include "base/sha256.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class WeightsFile : public testing::Test {
 protected:
  WeightsFile() { write(trial_, hash()); }

  void write(const std::string& trial_id, const std::string& told) {
    write_safetensors(path_, tensors(), {{kTrialIdOfWeights, trial_id}, {kHashOfWeights, told}});
  }
  std::vector<NamedTensor> tensors() const {
    return {{"weight", "F32", {2, 1}, std::as_bytes(std::span(values_))},
            {"bias", "F32", {}, std::as_bytes(std::span(&bias_, 1))}};
  }
  std::string hash() const { return hash_tensors(tensors()); }

  std::string refusal(const std::string& recorded) const {
    try {
      open_weights(path_, trial_, recorded);
    } catch (const StoreError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "weights.safetensors";
  TrialId trial_ = id_beginning("a");
  std::vector<float> values_{1.5F, -2};
  float bias_ = 3;
};

TEST_F(WeightsFile, hashes_names_types_shapes_and_bytes_in_their_order) {
  const std::string expected = Sha256()
                                   .add(R"(["weight","F32",[2,1]])")
                                   .add(std::as_bytes(std::span(values_)))
                                   .add(R"(["bias","F32",[]])")
                                   .add(std::as_bytes(std::span(&bias_, 1)))
                                   .hex_digest();
  EXPECT_EQ(hash(), expected);
  EXPECT_EQ(hash_tensors(open_weights(path_, trial_, expected).tensors()), expected);
  EXPECT_EQ(refusal(""), "");
}

TEST_F(WeightsFile, any_flipped_bit_is_found) {
  const std::string good = text_of(path_);
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string text = good;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_NE(refusal(""), "") << "bit " << bit % 8 << " of byte " << bit / 8;
  }
}

TEST_F(WeightsFile, cut_off_anywhere_it_is_refused) {
  const std::string good = text_of(path_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::filesystem::resize_file(path_, size);
    ASSERT_NE(refusal(hash()), "") << size;
    std::ofstream(path_, std::ios::binary) << good;
  }
}

TEST_F(WeightsFile, other_weights_than_the_recorded_ones_are_refused) {
  const std::string recorded(64, 'f');
  EXPECT_THAT(refusal(recorded),
              AllOf(HasSubstr(path_.string()), HasSubstr(hash()), HasSubstr(recorded)));
  write(trial_, recorded);
  EXPECT_THAT(refusal(hash()), HasSubstr("its own metadata says '" + recorded));
  EXPECT_THAT(refusal(""), HasSubstr("its own metadata says '" + recorded));
}

TEST_F(WeightsFile, those_of_another_trial_are_refused) {
  write(id_beginning("b"), hash());
  EXPECT_THAT(refusal(hash()),
              AllOf(HasSubstr(trial_.text()), HasSubstr(id_beginning("b").text())));
}

TEST_F(WeightsFile, a_link_is_not_followed) {
  std::filesystem::rename(path_, directory_.path() / "elsewhere");
  std::filesystem::create_symlink("elsewhere", path_);
  EXPECT_THROW(open_weights(path_, trial_, hash()), EnvironmentError);
}

}  // namespace
}  // namespace headway
