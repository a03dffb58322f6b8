#include <fmt/ostream.h>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "base/errors.h"
#include "base/input_output_error.h"
#include "base/text.h"
#include "runner/cli/verb.h"
#include "store/sql/results_store.h"
#include "sweep/location.h"

namespace headway {
namespace {

struct SyncArguments {
  std::string sweep;
  bool last = false;
};

// What it prints when it ends well, the supervisor tells.
void bring_up_to_date(const std::filesystem::path& sweep_directory, bool last, std::ostream& err) {
  ResultsStore store(sweep_directory);
  store.serve_readers();
  store.sync();
  if (!last || store.settle()) return;
  fmt::print(err,
             "{}: another program is reading it, so that the newest rows are in {}-wal until that "
             "is done; a copy needs both files\n",
             printable(store.place()),
             printable(std::filesystem::path(store.place()).filename().string()));
}

/// Who may not write the store may do so in a moment, when it was just replaced.
constexpr int kTriesAtUnwritable = 3;
constexpr std::chrono::milliseconds kBetweenTries{100};

/// Whether it is so a little later, too.
bool lasts(SqlErrorKind kind) {
  return kind == SqlErrorKind::kDamaged || kind == SqlErrorKind::kUnwritable;
}

/// kExitStore is for what does not pass by itself.
int sync(const SyncArguments& arguments, const VerbContext& context) {
  const auto directory = find_sweep(arguments.sweep, context.results_root).directory;
  for (int tries = 1;; ++tries) {
    try {
      bring_up_to_date(directory, arguments.last, context.err);
      return kExitDone;
    } catch (const DatabaseError& error) {
      if (error.kind() == SqlErrorKind::kUnwritable && tries < kTriesAtUnwritable) {
        std::this_thread::sleep_for(kBetweenTries);
        continue;
      }
      fmt::print(context.err, "{}\n", printable(error.what(), Newlines::kKeep));
      return lasts(error.kind()) ? kExitStore : kExitFailed;
    } catch (const DiskFullError&) {
      throw;
    } catch (const InputOutputError&) {
      throw;
    } catch (const EnvironmentError& error) {  // a link that leads out of the sweep, say
      fmt::print(context.err, "{}\n", printable(error.what(), Newlines::kKeep));
      return kExitStore;
    }
  }
}

}  // namespace

template <>
void Verb<class SyncVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(app,
                                  {.name = "__sync",
                                   .summary = "bring a sweep's results store up to date",
                                   .description = "Started by `headway run` again and again.",
                                   .examples = {"headway __sync results/quickstart"},
                                   .is_hidden = true});
  const auto arguments = std::make_shared<SyncArguments>();
  verb.option("sweep", arguments->sweep, "directory, name or file").type_name("SWEEP").required();
  verb.flag("--last", arguments->last, "nobody will write it again soon: leave it as one file");
  add_results_option(verb, context);
  verb.action([arguments, &context] { context.exit_code = sync(*arguments, context); });
}

}  // namespace headway
