#include "scheduling/claims/supervisors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/input_output_error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sweep_layout.h"

namespace headway {
namespace {

constexpr std::size_t kIdDigits = 8;
constexpr std::size_t kMostOfHost = 64;  // leaves room for the rest of a group's name

}  // namespace

SupervisorPresence::SupervisorPresence(const std::filesystem::path& sweep_directory)
    : id_(plain_name_from(host_name().substr(0, kMostOfHost)) + "-" +
          random_id().substr(0, kIdDigits)) {
  file_ = SweepLayout(sweep_directory).supervisor(id_);
  make_directories(file_.parent_path(), Durability::kAtomicOnly);
  replace_file(file_, nlohmann::json(this_process()).dump(), Durability::kAtomicOnly);
}

SupervisorPresence::~SupervisorPresence() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

bool SupervisorPresence::is_gone() const {
  return is_absent(file_);
}

GroupName SupervisorPresence::group_name(int number) const {
  return GroupName(fmt::format("{}-{}", id_, number));
}

bool is_supervised(const GroupName& group) {
  const std::string id = supervisor_id_of(group).text();
  const std::size_t digits = id.rfind('-') + 1;  // npos + 1 is 0
  return digits > 0 && id.size() - digits == kIdDigits &&
         id.find_first_not_of("0123456789abcdef", digits) == std::string::npos;
}

SupervisorId supervisor_id_of(const GroupName& group) {
  return SupervisorId(group.text().substr(0, group.text().rfind('-')));
}

std::optional<ProcessIdentity> supervisor_process(const std::filesystem::path& sweep_directory,
                                                  const GroupName& group) {
  try {
    const auto entry = SweepLayout(sweep_directory).supervisor(supervisor_id_of(group));
    if (!is_there(entry)) return std::nullopt;
    return parse_json(read_text(entry, kLargestNote, Links::kRefuse)).get<ProcessIdentity>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // an unflushed file that its machine's crash left empty
  } catch (const InputOutputError&) {
    throw;  // it may well be there
  } catch (const EnvironmentError&) {
    return std::nullopt;  // removed since, or a link, a folder, a pipe
  }
}

Liveness supervisor_of(const std::filesystem::path& sweep_directory, const GroupName& group) {
  const auto process = supervisor_process(sweep_directory, group);
  return process ? liveness(*process) : Liveness::kDead;
}

}  // namespace headway
