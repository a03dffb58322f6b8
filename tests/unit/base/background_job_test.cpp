#include "base/background_job.h"

#include <gtest/gtest.h>

#include <latch>

#include "base/errors.h"

namespace headway {
namespace {

TEST(BackgroundJob, runs_beside_the_thread_that_started_it) {
  std::latch started(1);
  std::latch may_end(1);
  bool done = false;
  BackgroundJob job;
  job.start([&] {
    started.count_down();
    may_end.wait();
    done = true;
  });
  started.wait();
  EXPECT_FALSE(job.has_failed());
  may_end.count_down();
  EXPECT_EQ(job.wait(), nullptr);
  EXPECT_TRUE(done);
}

TEST(BackgroundJob, an_error_is_kept_until_somebody_waits) {
  BackgroundJob job;
  job.start([] { throw DiskFullError("full"); });
  while (!job.has_failed()) std::this_thread::yield();
  EXPECT_THROW(std::rethrow_exception(job.wait()), DiskFullError);
  EXPECT_FALSE(job.has_failed());
  EXPECT_EQ(job.wait(), nullptr);
  job.start([] {});
  EXPECT_EQ(job.wait(), nullptr);
}

TEST(BackgroundJob, two_at_a_time_are_a_bug) {
  BackgroundJob job;
  job.start([] {});
  EXPECT_THROW(job.start([] {}), std::logic_error);
}

TEST(BackgroundJob, ends_before_what_it_works_on_does) {
  int value = 0;
  {
    BackgroundJob job;
    job.start([&] {
      value = 1;
      throw EnvironmentError("nobody waits for this");
    });
  }
  EXPECT_EQ(value, 1);
}

}  // namespace
}  // namespace headway
