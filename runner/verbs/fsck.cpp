#include "store/sql/fsck.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/json.h"
#include "base/text.h"
#include "runner/cli/verb.h"
#include "store/sql/fsck_findings.h"
#include "store/sql/results_store.h"
#include "sweep/checkpoint_check.h"
#include "sweep/claim_check.h"
#include "sweep/location.h"

namespace headway {
namespace {

struct FsckArguments {
  std::string sweep;
  bool rebuild = false;
  bool quick = false;
  bool json = false;
};

const char* name_of(FsckFinding finding) {
  switch (finding) {
    case FsckFinding::kDamage:
      return "damage";
    case FsckFinding::kRemark:
      return "note";
    case FsckFinding::kUnchecked:
      return "unchecked";
  }
  return "";
}

const char* verdict(const FsckReport& report) {
  if (!report.is_sound()) return "damaged";
  return report.has(FsckFinding::kUnchecked) ? "not checked in full, otherwise sound" : "sound";
}

ExitCode exit_code(const FsckReport& report) {
  if (!report.is_sound()) return kExitStore;
  return report.has(FsckFinding::kUnchecked) ? kExitNotChecked : kExitDone;
}

/// The store that is thrown away is the last that knows of some of them.
std::vector<LostRecords> losses_so_far(const SweepLocation& sweep) {
  std::vector<LostRecords> by_claims = lost_by_claims(sweep.directory);
  try {
    return merged(by_claims, ResultsStore(sweep.directory).lost());
  } catch (const StoreError&) {  // that is why it is built anew
    return by_claims;
  }
}

void rebuild(const SweepLocation& sweep, std::ostream& err) {
  std::vector<LostRecords> lost = losses_so_far(sweep);
  for (LostRecords& one : lost) {
    if (one.is_open()) fmt::print(err, "given up: {}\n", printable(one.text()));
    one.is_accepted = true;
  }
  ResultsStore::rebuild(sweep.directory).note_losses(lost);
}

/// What the layers above the store know to check besides.
FsckReport checked(const SweepLocation& sweep, bool is_quick) {
  FsckReport report = fsck(sweep.directory,
                           {.check_artifacts = !is_quick,
                            .lost_besides = [&sweep] { return lost_by_claims(sweep.directory); }});
  FsckFindings besides;
  const auto add = [&](const char* folder, const auto& check) {
    besides.guard(sweep.directory / folder, [&] { besides.add(check(sweep.directory)); });
  };
  add("claims", check_claims);
  if (!is_quick) add("checkpoints", check_checkpoints);
  std::ranges::copy(besides.problems(), std::back_inserter(report.problems));
  return report;
}

nlohmann::json report_json(const FsckReport& report) {
  nlohmann::json problems = nlohmann::json::array();
  for (const FsckProblem& problem : report.problems) {
    problems.push_back({{"where", problem.where},
                        {"message", problem.message},
                        {"finding", name_of(problem.finding)},
                        {"damage", problem.finding == FsckFinding::kDamage}});
  }
  return {{"sound", report.is_sound()},
          {"segments", report.segments},
          {"records", report.records},
          {"trials", report.trials},
          {"artifacts", report.artifacts},
          {"problems", problems}};
}

void print_report(const FsckReport& report, std::ostream& out) {
  for (const FsckProblem& problem : report.problems) {
    fmt::print(out,
               "{:<9}  {}: {}\n",
               name_of(problem.finding),
               printable(problem.where),
               printable(problem.message));
  }
  fmt::print(out,
             "{}: {}, {}, {}, {}\n",
             verdict(report),
             counted(static_cast<std::size_t>(report.segments), "segment"),
             counted(static_cast<std::size_t>(report.records), "record"),
             counted(static_cast<std::size_t>(report.trials), "trial"),
             counted(static_cast<std::size_t>(report.artifacts), "weight file"));
}

}  // namespace

template <>
void Verb<class FsckVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "fsck",
       .summary = "verify a sweep's files, or rebuild its results store",
       .description =
           "Checks every record of every segment, the plan, the results store against what the\n"
           "segments say, segments against what the store and the claims know of them, and weight\n"
           "files against their recorded hashes. Changes nothing, but --rebuild throws the "
           "results\n"
           "store away first and builds it anew from the segments that are there.\n"
           "Exit codes: 4 there is damage; 6 none was found, but not everything could be checked.",
       .examples = {"headway fsck results/quickstart", "headway fsck quickstart --rebuild"}});
  const auto options = std::make_shared<FsckArguments>();
  verb.option("sweep", options->sweep, "directory, name or file").type_name("SWEEP").required();
  verb.flag("--rebuild", options->rebuild, "build the results store anew");
  verb.flag("--quick", options->quick, "leave weight files and checkpoints out");
  verb.flag("--json", options->json, "print JSON");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const SweepLocation sweep = find_sweep(options->sweep, context.results_root);
    if (options->rebuild) {
      rebuild(sweep, context.err);
    }
    const FsckReport report = checked(sweep, options->quick);
    if (options->json) {
      fmt::print(context.out, "{}\n", json_text(report_json(report), 2));
    } else {
      print_report(report, context.out);
    }
    context.exit_code = exit_code(report);
  });
}

}  // namespace headway
