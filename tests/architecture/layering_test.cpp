#include "architecture/layering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace headway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int kLineLimit = 300;

std::string one_per_line(const Violations& violations) {
  std::string text;
  for (const auto& violation : violations) text += violation + "\n";
  return text;
}

/// A tree of source files made for one test.
class SampleTree {
 public:
  SampleTree& add(const std::string& name, const std::string& text) {
    const auto path = directory_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return *this;
  }
  const std::filesystem::path& root() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST(Architecture, includes_follow_the_dependency_direction) {
  const auto violations = layering_violations(HEADWAY_SOURCE_DIR);
  EXPECT_THAT(violations, IsEmpty()) << one_per_line(violations);
}

TEST(Architecture, files_are_short_and_finished) {
  const auto violations = file_violations(HEADWAY_SOURCE_DIR, kLineLimit);
  EXPECT_THAT(violations, IsEmpty()) << one_per_line(violations);
}

TEST(Layering, an_include_of_a_higher_folder_is_caught) {
  SampleTree tree;
  tree.add("src/store/records.h", "#pragma once\n");
  tree.add("src/base/errors.cpp", "#include <string>\n\n#include \"store/records.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(StartsWith("src/base/errors.cpp:3: 'base' must not include 'store'")));
}

TEST(Layering, folders_of_one_level_do_not_include_each_other) {
  SampleTree tree;
  tree.add("src/store/records.h", "");
  tree.add("src/training/step.cpp", "  #  include \"store/records.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(HasSubstr("'training' must not include 'store'")));
}

TEST(Layering, training_may_use_analysis_but_not_the_other_way_round) {
  SampleTree tree;
  tree.add("src/analysis/metric.h", "");
  tree.add("src/training/step.h", "#include \"analysis/metric.h\"\n");
  tree.add("src/analysis/geometry.cpp", "#include \"training/step.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(StartsWith("src/analysis/geometry.cpp:1:")));
}

TEST(Layering, includes_downwards_and_of_system_headers_pass) {
  SampleTree tree;
  tree.add("src/base/errors.h", "#include <string>\n");
  tree.add("src/config/sweep.h", "#include \"base/errors.h\"\n");
  tree.add("cluster/launch.h", "#include \"scheduling/claims.h\"\n#include \"config/sweep.h\"\n");
  tree.add("src/scheduling/claims.h", "");
  tree.add("runner/main.cpp", "#include \"cluster/launch.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()), IsEmpty());
}

TEST(Layering, the_library_does_not_include_the_programs) {
  SampleTree tree;
  tree.add("runner/commands/table.h", "");
  tree.add("cluster/launch.cpp", "#include \"runner/commands/table.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(HasSubstr("'cluster' must not include 'runner'")));
}

TEST(Layering, library_headers_stay_in_their_folders) {
  const std::vector<std::pair<std::string, std::string>> misplaced = {
      {"src/training/a.cpp", "mpi.h"},
      {"src/models/a.cpp", "nccl.h"},
      {"src/models/a.cpp", "cuda_runtime.h"},
      {"src/config/a.cpp", "soci/soci.h"},
      {"runner/main.cpp", "sqlite3.h"},
      {"src/store/a.cpp", "yaml-cpp/yaml.h"},
      {"src/data/a.cpp", "c10/util/Half.h"},
      {"runner/main.cpp", "ATen/core/Tensor.h"}};
  for (const auto& [file, header] : misplaced) {
    SampleTree tree;
    tree.add(file, "#include <" + header + ">\n");
    EXPECT_THAT(layering_violations(tree.root()),
                ElementsAre(AllOf(StartsWith(file), HasSubstr(header))))
        << header << " in " << file;
  }
}

TEST(Layering, library_headers_pass_in_their_folders) {
  SampleTree tree;
  tree.add("src/comm/mpi.cpp", "#include <mpi.h>\n#include <nccl.h>\n#include <cuda_runtime.h>\n");
  tree.add("src/store/sql.cpp", "#include <soci/soci.h>\n");
  tree.add("src/config/yaml.cpp", "#include <yaml-cpp/yaml.h>\n");
  tree.add("src/data/augment.cu", "#include <cuda_runtime.h>\n");
  tree.add("runner/worker/main.cpp", "#include <ATen/core/Tensor.h>\n");
  EXPECT_THAT(layering_violations(tree.root()), IsEmpty());
}

TEST(Layering, libtorch_that_arrives_through_a_header_is_caught_with_its_path) {
  SampleTree tree;
  tree.add("src/models/parameter_set.h", "#include <ATen/core/Tensor.h>\n");
  tree.add("runner/commands/show.cpp", "#include \"models/parameter_set.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(HasSubstr("runner/commands/show.cpp -> src/models/parameter_set.h -> "
                                    "ATen/core/Tensor.h")));
}

TEST(Layering, headers_that_include_each_other_do_not_hang_the_check) {
  SampleTree tree;
  tree.add("src/base/a.h", "#include \"base/b.h\"\n");
  tree.add("src/base/b.h", "#include \"base/a.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()), IsEmpty());
}

TEST(Layering, umbrella_headers_of_libtorch_are_caught) {
  SampleTree tree;
  tree.add("src/models/dot.cpp", "#include <torch/torch.h>\n");
  EXPECT_THAT(layering_violations(tree.root()), ElementsAre(HasSubstr("narrow header")));
}

TEST(Layering, a_folder_without_a_place_is_caught) {
  SampleTree tree;
  tree.add("src/helpers/misc.cpp", "");
  EXPECT_THAT(layering_violations(tree.root()), ElementsAre(HasSubstr("'helpers' has no place")));
}

TEST(Layering, long_files_and_placeholders_are_caught) {
  SampleTree tree;
  tree.add("src/base/long.cpp", "\n\n\n\n");
  tree.add("src/base/promise.cpp", std::string("// Written") + " next.\n");
  EXPECT_THAT(file_violations(tree.root(), 3),
              ElementsAre(HasSubstr("4 lines, at most 3"), HasSubstr("promise.cpp:1: still")));
}

}  // namespace
}  // namespace headway
