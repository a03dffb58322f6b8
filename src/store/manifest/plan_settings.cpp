#include "store/manifest/plan_settings.h"

#include "config/schema/json_reader.h"
#include "config/schema/json_writer.h"

namespace headway {
namespace {

// Older versions wrote this one key otherwise than the sweep file has it.
ResourcesConfig read_resources(const nlohmann::json& json) {
  auto resources = section_from_json<ResourcesConfig>(json);
  const auto limit = json.find("time_limit_seconds");
  if (limit != json.end()) resources.time_limit_seconds = limit->get<double>();
  return resources;
}

}  // namespace

nlohmann::json plan_settings(const Sweep& sweep) {
  nlohmann::json flags = nlohmann::json::array();
  for (const CellFlag& flag : sweep.flags) {
    flags.push_back({{"cell_id", flag.cell_id}, {"rule", flag.rule}, {"message", flag.message}});
  }
  return {{"name", sweep.name},
          {"description", sweep.description},
          {"resources", section_to_json(sweep.resources)},
          {"slurm", section_to_json(sweep.slurm)},
          {"flags", flags},
          {"notes", sweep.notes}};
}

void read_plan_settings(const nlohmann::json& json, Plan& plan) {
  json.at("name").get_to(plan.name);
  json.at("description").get_to(plan.description);
  plan.resources = read_resources(json.at("resources"));
  plan.slurm = section_from_json<SlurmConfig>(json.at("slurm"));
  for (const auto& flag : json.at("flags")) {
    plan.flags.push_back({flag.at("cell_id"), flag.at("rule"), flag.at("message")});
  }
  json.at("notes").get_to(plan.notes);
}

}  // namespace headway
