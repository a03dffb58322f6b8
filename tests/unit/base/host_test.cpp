#include "base/host.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

namespace headway {
namespace {

/// A child that sleeps until its end of the pipe is closed.
class Child {
 public:
  Child() {
    if (::pipe(pipe_) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(pipe_[1]);
      char byte = 0;
      ::_exit(::read(pipe_[0], &byte, 1) == 0 ? 0 : 1);
    }
    ::close(pipe_[0]);
  }
  ~Child() { end_and_reap(); }

  pid_t pid() const { return pid_; }
  void end_and_reap() {
    end();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// Ended, but not yet waited for.
  void end_as_zombie() {
    end();
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }

 private:
  void end() {
    if (pipe_[1] >= 0) ::close(pipe_[1]);
    pipe_[1] = -1;
  }

  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

/// Field 22 of /proc/PID/stat of a process whose name holds no blanks.
std::uint64_t start_ticks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string field;
  for (int i = 1; i < 22; ++i) file >> field;
  std::uint64_t ticks = 0;
  file >> ticks;
  return ticks;
}

/// Calls this process, whose main thread it is, something else for a while.
class ProcessName {
 public:
  explicit ProcessName(const char* name) {
    ::prctl(PR_GET_NAME, before_);
    ::prctl(PR_SET_NAME, name);
  }
  ~ProcessName() { ::prctl(PR_SET_NAME, before_); }

 private:
  char before_[16] = {};
};

ProcessIdentity identity_of(const Child& child) {
  ProcessIdentity identity = this_process();
  identity.pid = child.pid();
  identity.start_ticks = start_ticks(child.pid());
  return identity;
}

TEST(Host, this_process_is_itself_and_alive) {
  EXPECT_EQ(this_process(), this_process());
  EXPECT_EQ(this_process().pid, ::getpid());
  EXPECT_EQ(this_process().start_ticks, start_ticks(::getpid()));
  EXPECT_EQ(liveness(this_process()), Liveness::kAlive);
}

TEST(Host, a_process_may_have_any_name) {
  const ProcessIdentity before = this_process();
  for (const char* name : {"", "a b", ")", "\n", "a)\n", "a)\nb", "x) S 1\n(y", "\n)"}) {
    const ProcessName renamed(name);
    EXPECT_EQ(this_process(), before) << name;
    EXPECT_EQ(liveness(before), Liveness::kAlive) << name;
  }
}

TEST(Host, a_child_is_alive_until_it_ends) {
  Child child;
  const ProcessIdentity identity = identity_of(child);
  EXPECT_EQ(liveness(identity), Liveness::kAlive);
  child.end_as_zombie();
  EXPECT_EQ(liveness(identity), Liveness::kDead);
  child.end_and_reap();
  EXPECT_EQ(liveness(identity), Liveness::kDead);
}

TEST(Host, files_of_a_process_that_ends_meanwhile_are_empty) {
  EXPECT_NE(process_file(::getpid(), "stat"), "");
  for (int time = 0; time < 200; ++time) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    std::thread reader([child] {
      while (!process_file(child, "stat").empty()) {
      }
    });
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    reader.join();
    EXPECT_EQ(process_file(child, "environ"), "");
  }
}

TEST(Host, a_reused_process_number_is_another_process) {
  ProcessIdentity earlier = this_process();
  --earlier.start_ticks;
  EXPECT_EQ(liveness(earlier), Liveness::kDead);
}

TEST(Host, nothing_is_known_of_another_machine) {
  ProcessIdentity elsewhere = this_process();
  elsewhere.machine = "another boot/4026531836";
  EXPECT_EQ(liveness(elsewhere), Liveness::kUnknown);
}

TEST(Host, an_identity_survives_json) {
  const nlohmann::json json = this_process();
  EXPECT_EQ(json.get<ProcessIdentity>(), this_process());
  EXPECT_THROW(nlohmann::json::object().get<ProcessIdentity>(), nlohmann::json::exception);
}

TEST(Host, random_ids_differ) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(random_id());
  EXPECT_EQ(ids.size(), 100);
  EXPECT_EQ(ids.begin()->size(), 32);
  EXPECT_EQ(ids.begin()->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Host, there_is_a_core_and_a_name) {
  EXPECT_GE(available_cores(), 1);
  EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace headway
