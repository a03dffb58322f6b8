#include "base/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace headway {
namespace {

/// Sets variables and puts the old ones back.
class Environment : public testing::Test {
 protected:
  void set(const char* name, const char* value) {
    remember(name);
    ::setenv(name, value, 1);
  }
  void clear(const char* name) {
    remember(name);
    ::unsetenv(name);
  }
  void TearDown() override {
    for (const auto& [name, value] : old_) {
      if (value) {
        ::setenv(name.c_str(), value->c_str(), 1);
      } else {
        ::unsetenv(name.c_str());
      }
    }
  }

 private:
  void remember(const char* name) { old_.try_emplace(name, environment_variable(name)); }

  std::map<std::string, std::optional<std::string>> old_;
};

TEST_F(Environment, an_empty_variable_counts_as_absent) {
  set("HEADWAY_RESULTS", "");
  EXPECT_EQ(default_results_root(), "results");
  set("HEADWAY_RESULTS", "/there");
  EXPECT_EQ(default_results_root(), "/there");
}

TEST_F(Environment, the_cache_follows_the_desktop_rules) {
  set("HEADWAY_CACHE", "/own");
  set("XDG_CACHE_HOME", "/xdg");
  set("HOME", "/home/me");
  EXPECT_EQ(cache_directory(), "/own");
  clear("HEADWAY_CACHE");
  EXPECT_EQ(cache_directory(), "/xdg/headway");
  clear("XDG_CACHE_HOME");
  EXPECT_EQ(cache_directory(), "/home/me/.cache/headway");
  clear("HOME");
  const std::string own = "headway-cache-" + std::to_string(::geteuid());
  set("TMPDIR", "/dev/shm");
  EXPECT_EQ(cache_directory(), "/dev/shm/" + own);
  set("TMPDIR", "/nowhere");
  EXPECT_EQ(cache_directory(), "/tmp/" + own);
}

TEST_F(Environment, colour_is_refused_by_any_value) {
  clear("NO_COLOR");
  EXPECT_FALSE(no_color());
  set("NO_COLOR", "0");
  EXPECT_TRUE(no_color());
}

TEST_F(Environment, a_process_of_its_own_is_rank_zero_of_one) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMIX_RANK"})
    clear(name);
  EXPECT_EQ(launched_rank().rank, 0);
  EXPECT_EQ(launched_rank().size, 1);
}

TEST_F(Environment, the_rank_is_known_before_mpi_starts) {
  set("OMPI_COMM_WORLD_RANK", "3");
  set("OMPI_COMM_WORLD_SIZE", "4");
  EXPECT_EQ(launched_rank().rank, 3);
  EXPECT_EQ(launched_rank().size, 4);
}

}  // namespace
}  // namespace headway
