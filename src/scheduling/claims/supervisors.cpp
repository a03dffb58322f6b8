#include "scheduling/claims/supervisors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"

namespace headway {

SupervisorPresence::SupervisorPresence(const std::filesystem::path& sweep_directory)
    : id_(fmt::format("{}-{}", host_name(), random_id().substr(0, 8))) {
  file_ = SweepLayout(sweep_directory).supervisor(id_);
  std::filesystem::create_directories(file_.parent_path());
  replace_file(file_, nlohmann::json(this_process()).dump(), Durability::kAtomicOnly);
}

SupervisorPresence::~SupervisorPresence() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::string SupervisorPresence::group_name(int number) const {
  return fmt::format("{}-{}", id_, number);
}

std::string supervisor_id_of(const std::string& group) {
  return group.substr(0, group.rfind('-'));
}

Liveness supervisor_of(const std::filesystem::path& sweep_directory, const std::string& group) {
  const auto entry = SweepLayout(sweep_directory).supervisor(supervisor_id_of(group));
  if (!std::filesystem::exists(entry)) return Liveness::kDead;
  try {
    return liveness(nlohmann::json::parse(read_text(entry)).get<ProcessIdentity>());
  } catch (const nlohmann::json::exception&) {
    return Liveness::kDead;  // an unflushed file that its machine's crash left empty
  } catch (const EnvironmentError&) {
    return Liveness::kDead;  // removed since
  }
}

}  // namespace headway
