#include "scheduling/planning/group_assignments.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/sweep_layout.h"
#include "scheduling/claims/supervisors.h"

namespace headway {
namespace {

std::string to_text(const GroupAssignments& offers) {
  nlohmann::json first = nlohmann::json::array();
  for (const GroupAssignments::Offer& offer : offers.first) {
    first.push_back({offer.trial_id, offer.width});
  }
  return nlohmann::json{{"first", first}, {"width_of_others", offers.width_of_others}}.dump();
}

int width_from(const nlohmann::json& json) {
  return static_cast<int>(integer_in(json, {0, kMostRanks}));
}

GroupAssignments from_text(const std::string& text) {
  const nlohmann::json json = parse_json(text);
  GroupAssignments offers{.width_of_others = width_from(json.at("width_of_others"))};
  for (const nlohmann::json& offer : json.at("first")) {
    offers.first.push_back({offer.at(0).get<TrialId>(), width_from(offer.at(1))});
  }
  return offers;
}

}  // namespace

bool GroupAssignments::is_for(int width, const TrialId& trial_id, const RankRange& ranks) const {
  for (const Offer& offer : first) {
    if (offer.trial_id == trial_id) return offer.width == width;
  }
  return width_of_others > 0 && width == ranks.at_most(width_of_others);
}

AssignmentFile::AssignmentFile(const std::filesystem::path& sweep_directory,
                               const SupervisorId& supervisor)
    : file_(SweepLayout(sweep_directory).group_assignments(supervisor)) {}

AssignmentFile::~AssignmentFile() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

// Older offers do no harm: what was taken since is passed over. So a full disk does not stop a
// sweep here.
void AssignmentFile::publish(const GroupAssignments& offers) {
  if (published_ == offers) return;
  published_ = offers;
  try {
    replace_file(file_, to_text(offers), Durability::kAtomicOnly);
  } catch (const EnvironmentError& error) {
    log_warning("the order of trials could not be published: {}", error.what());
  }
}

std::optional<GroupAssignments> read_offers(const std::filesystem::path& sweep_directory,
                                            const GroupName& group) {
  const auto file = SweepLayout(sweep_directory).group_assignments(supervisor_id_of(group));
  try {
    return from_text(read_text(file, kLargestNote, Links::kRefuse));
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // an unflushed file that its machine's crash left empty
  } catch (const EnvironmentError&) {
    return std::nullopt;  // none yet, or removed since
  }
}

}  // namespace headway
