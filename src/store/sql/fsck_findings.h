#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/sql/fsck.h"

namespace headway {

/// What the checks of a sweep find, and what becomes of the errors that they meet.
class FsckFindings {
 public:
  void damage(std::string where, std::string message) {
    find(FsckFinding::kDamage, std::move(where), std::move(message));
  }
  void remark(std::string where, std::string message) {
    find(FsckFinding::kRemark, std::move(where), std::move(message));
  }

  /// What `check` says of `file` is damage, and so is a link that leads nowhere or out of the
  /// sweep; a lock, a full disk and the like are its own failures.
  void guard(const std::filesystem::path& file, const std::function<void()>& check);
  void add(std::vector<FsckProblem> problems);

  /// No damage, as far as could be checked.
  bool is_sound() const;
  const std::vector<FsckProblem>& problems() const { return problems_; }

 private:
  void find(FsckFinding finding, std::string where, std::string message);

  std::vector<FsckProblem> problems_;
  std::set<std::filesystem::path> stray_links_;  // told; each is met on the way to many files
};

}  // namespace headway
