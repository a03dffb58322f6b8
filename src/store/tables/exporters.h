#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "store/sql/results_store.h"

namespace headway {

enum class ExportKind { kTrials, kMetrics, kResults, kAttempts, kParameters, kEvaluations };
enum class ExportFormat { kCsv, kJson, kJsonLines };

/// Names of the kinds: those of the store's tables.
std::vector<std::string> export_kinds();
/// ConfigErrors with the nearest name.
ExportKind export_kind_from_string(const std::string& name);      // "trials", "metrics", ...
ExportFormat export_format_from_string(const std::string& name);  // "csv", "json", "jsonl"

struct ExportOptions {
  ExportFormat format = ExportFormat::kCsv;
  bool include_vanished = false;
};

/// Writes one table of the store, row by row, at full precision. EnvironmentError when `out` fails.
void export_rows(const ResultsStore& store,
                 ExportKind kind,
                 const ExportOptions& options,
                 std::ostream& out);

}  // namespace headway
