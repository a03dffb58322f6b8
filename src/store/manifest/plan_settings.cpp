#include "store/manifest/plan_settings.h"

namespace headway {
namespace {

template <typename T>
void put(nlohmann::json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

template <typename T>
void take(const nlohmann::json& json, const char* key, std::optional<T>& value) {
  if (json.contains(key)) value = json.at(key).get<T>();
}

nlohmann::json resources_json(const ResourcesConfig& resources) {
  nlohmann::json json = {{"device", resources.device},
                         {"threads_per_rank", resources.threads_per_rank},
                         {"checkpoint_seconds", resources.checkpoints.seconds},
                         {"keep_best_checkpoint", resources.checkpoints.keep_best}};
  put(json, "ranks", resources.ranks);
  put(json, "groups", resources.groups);
  put(json, "time_limit_seconds", resources.time_limit_seconds);
  put(json, "checkpoint_steps", resources.checkpoints.steps);
  put(json, "checkpoint_epochs", resources.checkpoints.epochs);
  return json;
}

ResourcesConfig read_resources(const nlohmann::json& json) {
  ResourcesConfig resources;
  json.at("device").get_to(resources.device);
  json.at("threads_per_rank").get_to(resources.threads_per_rank);
  json.at("checkpoint_seconds").get_to(resources.checkpoints.seconds);
  resources.checkpoints.keep_best = json.value("keep_best_checkpoint", false);
  take(json, "ranks", resources.ranks);
  take(json, "groups", resources.groups);
  take(json, "time_limit_seconds", resources.time_limit_seconds);
  take(json, "checkpoint_steps", resources.checkpoints.steps);
  take(json, "checkpoint_epochs", resources.checkpoints.epochs);
  return resources;
}

nlohmann::json slurm_json(const SlurmConfig& slurm) {
  return {{"partition", slurm.partition},
          {"nodes", slurm.nodes},
          {"gpus_per_node", slurm.gpus_per_node},
          {"time", slurm.time},
          {"extra", slurm.extra}};
}

SlurmConfig read_slurm(const nlohmann::json& json) {
  return {json.at("partition").get<std::string>(),
          json.at("nodes").get<std::int64_t>(),
          json.at("gpus_per_node").get<std::int64_t>(),
          json.at("time").get<std::string>(),
          json.at("extra").get<std::vector<std::string>>()};
}

}  // namespace

nlohmann::json plan_settings(const Sweep& sweep) {
  nlohmann::json flags = nlohmann::json::array();
  for (const CellFlag& flag : sweep.flags) {
    flags.push_back({{"cell_id", flag.cell_id}, {"rule", flag.rule}, {"message", flag.message}});
  }
  return {{"name", sweep.name},
          {"description", sweep.description},
          {"resources", resources_json(sweep.resources)},
          {"slurm", slurm_json(sweep.slurm)},
          {"flags", flags},
          {"notes", sweep.notes}};
}

void read_plan_settings(const nlohmann::json& json, Plan& plan) {
  json.at("name").get_to(plan.name);
  json.at("description").get_to(plan.description);
  plan.resources = read_resources(json.at("resources"));
  plan.slurm = read_slurm(json.at("slurm"));
  for (const auto& flag : json.at("flags")) {
    plan.flags.push_back({flag.at("cell_id"), flag.at("rule"), flag.at("message")});
  }
  json.at("notes").get_to(plan.notes);
}

}  // namespace headway
