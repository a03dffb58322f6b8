#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/host.h"
#include "base/ids.h"

namespace headway {

/// A supervisor's entry in a sweep's folder, supervisors/<id>.json, there while it lives. When a
/// group dies, its supervisor, if alive, says why; only a group that lost its supervisor too may be
/// judged by others. Ids are random, so that no later supervisor is taken for an earlier one.
class SupervisorPresence {
 public:
  explicit SupervisorPresence(const std::filesystem::path& sweep_directory);
  SupervisorPresence(const SupervisorPresence&) = delete;
  SupervisorPresence& operator=(const SupervisorPresence&) = delete;
  ~SupervisorPresence();

  /// HOST-HEX.
  const SupervisorId& id() const { return id_; }
  /// Whether someone took the entry away, alone or with the sweep's folder.
  bool is_gone() const;
  /// The name of this supervisor's n-th group: HOST-HEX-n.
  GroupName group_name(int number) const;

 private:
  std::filesystem::path file_;
  SupervisorId id_;
};

/// Whether a supervisor gave this name, as opposed to a trial that is trained by hand.
bool is_supervised(const GroupName& group);
/// The id of the supervisor that started `group`.
SupervisorId supervisor_id_of(const GroupName& group);

/// The process of the supervisor that started `group`; nothing when it left no entry, or left in
/// order.
std::optional<ProcessIdentity> supervisor_process(const std::filesystem::path& sweep_directory,
                                                  const GroupName& group);

/// Whether the supervisor that started `group` lives. kDead when it left no entry, or left in
/// order.
Liveness supervisor_of(const std::filesystem::path& sweep_directory, const GroupName& group);

}  // namespace headway
