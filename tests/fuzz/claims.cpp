// The first line of the input names a file that tells who works on a trial; the rest is its
// content.
#include "scheduling/claims/claims.h"

#include "base/sweep_layout.h"
#include "fuzz/support/fuzz_target.h"
#include "scheduling/claims/crash_report.h"
#include "scheduling/claims/supervisors.h"
#include "scheduling/planning/group_assignments.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const SweepLayout sweep(folder.path());
  const TrialId trial("0123456789ab");
  const GroupName group("node1-00000001-0");
  const SupervisorId supervisor = supervisor_id_of(group);
  std::string_view text = as_text(data, size);
  const std::string_view name = take_line(text);
  std::filesystem::create_directories(sweep.claim(trial, 1));
  std::filesystem::create_directories(sweep.supervisors());
  if (name == "heartbeat") {
    write_bytes(sweep.heartbeat(trial, 1), text);
    is_taken([&] {
      for (const ClaimView& claim : latest_claims(folder.path())) StalenessObserver().stale(claim);
    });
    is_taken([&] { groups_beside(folder.path(), group); });
  } else if (name == "supervisor") {
    write_bytes(sweep.supervisor(supervisor), text);
    is_taken([&] { supervisor_of(folder.path(), group); });
  } else if (name == "offers") {
    write_bytes(sweep.group_assignments(supervisor), text);
    is_taken([&] { read_offers(folder.path(), group); });
  } else if (name == "crash") {
    write_bytes(crash_report_file(folder.path(), trial, 1, 0), text);
    is_taken([&] {
      if (const auto report = first_crash_report(folder.path(), trial, 1)) to_text(*report, 2);
    });
  }
  return 0;
}
