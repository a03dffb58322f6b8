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

/// One file that includes another one's header, and whether that is an edge of the dependency
/// direction.
struct Edge {
  const char* from;
  const char* to;
  bool is_allowed;
};

constexpr Edge kEdges[] = {
    {"src/store/sql/schema.cpp", "src/base/errors.h", true},
    {"src/base/errors.cpp", "src/store/segments/records.h", false},
    {"src/training/trainer.cpp", "src/store/segments/records.h", false},
    {"src/store/sql/schema.cpp", "src/training/trainer.h", false},
    {"src/training/step/step.cpp", "src/analysis/statistics/metric.h", true},
    {"src/analysis/statistics/a.cpp", "src/training/step/step.h", false},
    {"src/models/heads/dot.cpp", "src/data/split.h", false},
    {"src/config/rules/cell.cpp", "src/models/heads/head.h", false},
    {"src/sweep/snapshot.cpp", "src/scheduling/claims/claims.h", true},
    {"src/scheduling/claims/claims.cpp", "src/sweep/snapshot.h", false},
    {"cluster/local/launch.cpp", "src/scheduling/claims/claims.h", true},
    {"cluster/local/launch.cpp", "runner/cli/verb.h", false},
    {"runner/verbs/run.cpp", "runner/supervisor/supervisor.h", true},
    {"runner/supervisor/supervisor.cpp", "runner/verbs/run.h", false},
    {"runner/supervisor/supervisor.cpp", "runner/cli/verb.h", true},
    {"runner/supervisor/supervisor.cpp", "runner/worker/serve.h", false},
    {"runner/cli/program.cpp", "runner/supervisor/supervisor.h", false},
    {"runner/main.cpp", "runner/verbs/run.h", true},
};

TEST(Layering, folders_of_one_library_do_not_include_each_other) {
  SampleTree tree;
  tree.add("src/store/sql/a.h", "#include \"store/segments/b.h\"\n");
  tree.add("src/store/segments/b.h", "#pragma once\n");
  EXPECT_THAT(layering_violations(tree.root()), IsEmpty());
  tree.add("src/store/segments/c.cpp", "#include \"store/tables/d.h\"\n");
  tree.add("src/store/tables/d.h", "#pragma once\n#include \"store/sql/a.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(AllOf(HasSubstr("folders include each other"),
                                HasSubstr("src/store/segments"),
                                HasSubstr("src/store/tables"),
                                HasSubstr("src/store/sql"))));
}

TEST(Layering, a_folder_and_those_in_it_may_include_each_other) {
  SampleTree tree;
  tree.add("src/training/step/a.h", "#include \"training/model.h\"\n");
  tree.add("src/training/model.h", "#pragma once\n");
  tree.add("src/training/trainer.cpp", "#include \"training/step/a.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()), IsEmpty());
}

TEST(Layering, edges_follow_the_dependency_direction) {
  for (const Edge& edge : kEdges) {
    std::string path = edge.to;
    if (path.starts_with("src/")) path = path.substr(4);
    SampleTree tree;
    tree.add(edge.to, "#pragma once\n");
    tree.add(edge.from, "#include <string>\n\n  #  include \"" + path + "\"\n");
    const Violations violations = layering_violations(tree.root());
    if (edge.is_allowed) {
      EXPECT_THAT(violations, IsEmpty()) << edge.from << " -> " << edge.to;
    } else {
      EXPECT_THAT(violations, ElementsAre(StartsWith(std::string(edge.from) + ":3: ")))
          << edge.from << " -> " << edge.to;
    }
  }
}

/// A library's header in a file of some folder, and whether it may stand there.
struct LibraryUse {
  const char* file;
  const char* header;
  bool is_allowed;
};

constexpr LibraryUse kLibraryUses[] = {
    {"src/training/a.cpp", "mpi.h", false},
    {"src/comm/mpi/a.cpp", "mpi.h", true},
    {"src/models/a.cpp", "nccl.h", false},
    {"src/comm/nccl/a.cpp", "nccl.h", true},
    {"src/models/a.cpp", "cuda_runtime.h", false},
    {"src/data/augment.cu", "cuda_runtime.h", true},
    {"src/config/a.cpp", "soci/soci.h", false},
    {"src/store/sql/a.cpp", "soci/soci.h", true},
    {"runner/verbs/a.cpp", "sqlite3.h", false},
    {"src/store/a.cpp", "yaml-cpp/yaml.h", false},
    {"src/config/yaml/a.cpp", "yaml-cpp/yaml.h", true},
    {"src/data/a.cpp", "c10/util/Half.h", false},
    {"runner/main.cpp", "ATen/core/Tensor.h", false},
    {"runner/worker/a.cpp", "ATen/core/Tensor.h", true},
};

TEST(Layering, libraries_stay_in_their_folders) {
  for (const LibraryUse& use : kLibraryUses) {
    SampleTree tree;
    tree.add(use.file, "#include <" + std::string(use.header) + ">\n");
    const Violations violations = layering_violations(tree.root());
    if (use.is_allowed) {
      EXPECT_THAT(violations, IsEmpty()) << use.header << " in " << use.file;
    } else {
      EXPECT_THAT(violations, ElementsAre(AllOf(StartsWith(use.file), HasSubstr(use.header))));
    }
  }
}

TEST(Layering, libtorch_that_arrives_through_a_header_is_caught_with_its_path) {
  SampleTree tree;
  tree.add("src/models/parameter_set.h", "#include <ATen/core/Tensor.h>\n");
  tree.add("runner/verbs/show.cpp", "#include \"models/parameter_set.h\"\n");
  EXPECT_THAT(layering_violations(tree.root()),
              ElementsAre(HasSubstr("runner/verbs/show.cpp -> src/models/parameter_set.h -> "
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

}  // namespace
}  // namespace headway
