#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "runner/cli/verb.h"
#include "runner/doctor/machine_checks.h"

namespace headway {
namespace {

std::string state_name(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return "ok";
    case CheckState::kWarning:
      return "warn";
    case CheckState::kFailed:
      return "fail";
  }
  return "";
}

int colour_of(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return 32;
    case CheckState::kWarning:
      return 33;
    case CheckState::kFailed:
      return 31;
  }
  return 0;
}

void print_check(const MachineCheck& check, bool colours, std::ostream& out) {
  std::string state = fmt::format("{:<4}", state_name(check.state));
  if (colours) state = fmt::format("\x1b[{}m{}\x1b[0m", colour_of(check.state), state);
  fmt::print(out, "{}  {:<14} {}\n", state, check.name, printable(check.found));
  if (!check.remedy.empty()) fmt::print(out, "{:>21}{}\n", "", printable(check.remedy));
}

nlohmann::json checks_json(const std::vector<MachineCheck>& checks) {
  nlohmann::json json = nlohmann::json::array();
  for (const MachineCheck& check : checks) {
    json.push_back({{"name", check.name},
                    {"state", state_name(check.state)},
                    {"found", check.found},
                    {"remedy", check.remedy}});
  }
  return json;
}

}  // namespace

template <>
void Verb<class DoctorVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "doctor",
       .summary = "check this machine: cores, memory, worker, MPI, data, folders",
       .description =
           "Each line is ok, warn or fail, with how to mend it. Exit code 1 when one failed.",
       .examples = {"headway doctor", "headway doctor --json"}});
  const auto json = std::make_shared<bool>(false);
  verb.flag("--json", *json, "print JSON");
  add_results_option(verb, context);
  verb.action([json, &context] {
    const std::vector<MachineCheck> checks = check_machine(context.results_root);
    if (*json) {
      fmt::print(context.out, "{}\n", json_text(checks_json(checks), 2));
    } else {
      for (const MachineCheck& check : checks) print_check(check, context.colours, context.out);
    }
    const bool failed = std::any_of(checks.begin(), checks.end(), [](const MachineCheck& check) {
      return check.state == CheckState::kFailed;
    });
    if (failed) context.exit_code = kExitFailed;
  });
}

}  // namespace headway
