#include "cluster/slurm/hostlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HostList, ranges_are_counted_out_in_their_order) {
  EXPECT_THAT(expand_host_list("n1", "X"), ElementsAre("n1"));
  EXPECT_THAT(expand_host_list("n[1-3,7],gpu-[01-02]", "X"),
              ElementsAre("n1", "n2", "n3", "n7", "gpu-01", "gpu-02"));
  EXPECT_THAT(expand_host_list("login.site.org,b", "X"), ElementsAre("login.site.org", "b"));
}

TEST(HostList, leading_zeros_stay) {
  EXPECT_THAT(expand_host_list("c[008-011]", "X"), ElementsAre("c008", "c009", "c010", "c011"));
  EXPECT_THAT(expand_host_list("c[8-11]", "X"), ElementsAre("c8", "c9", "c10", "c11"));
  EXPECT_THAT(expand_host_list("c[098-101]", "X"), ElementsAre("c098", "c099", "c100", "c101"));
}

TEST(HostList, a_name_may_have_several_numbers_and_an_end) {
  EXPECT_THAT(expand_host_list("r[1-2]n[1-2]x", "X"),
              ElementsAre("r1n1x", "r1n2x", "r2n1x", "r2n2x"));
}

TEST(HostList, nonsense_is_refused_with_its_place) {
  for (const char* text : {"",       ",",
                           "n1,",    "n[",
                           "n[]",    "n[1",
                           "n[1-]",  "n[-1]",
                           "n[3-1]", "n]1",
                           "n[1-2",  "n[1,]",
                           "n[a-b]", "n 1",
                           "n;rm",   "n[1 2]",
                           "n[[1]]", "$(x)",
                           "n1\n",   "n[1-2-3]",
                           "\xff",   "n[9999999999-9999999999]"}) {
    EXPECT_THROW(expand_host_list(text, "X"), ConfigError) << text;
  }
  try {
    expand_host_list("n[3-1]", "SLURM_JOB_NODELIST");
    FAIL() << "it was read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("SLURM_JOB_NODELIST: found 'n[3-1]'"));
    EXPECT_THAT(error.what(), HasSubstr("at 6"));
  }
}

TEST(HostList, what_would_fill_the_memory_is_refused) {
  EXPECT_EQ(expand_host_list("n[0-65535]", "X").size(), kMostHosts);
  for (const char* text : {"n[0-65536]",
                           "n[0-999999999]",
                           "n[0-4294967295]",
                           "n[0-65535],m",
                           "a[0-9999]b[0-9999]c[0-9999]"}) {
    EXPECT_THROW(expand_host_list(text, "X"), ConfigError) << text;
  }
  const std::string long_name(1'000'000, 'n');
  EXPECT_THROW(expand_host_list(long_name, "X"), ConfigError);
  EXPECT_THROW(expand_host_list("n[0-65535]" + long_name, "X"), ConfigError);
  EXPECT_THROW(expand_host_list(std::string(1'000'000, '['), "X"), ConfigError);
}

}  // namespace
}  // namespace headway
