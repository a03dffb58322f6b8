#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/schema/catalog.h"

namespace headway {

/// A KIND of `headway list`: one family of the catalog, or the metrics (no family).
struct CatalogKind {
  std::string name;  // as the user types it
  std::string key;   // where a sweep file names it
  std::optional<Family> family;
};

const std::vector<CatalogKind>& catalog_kinds();

/// ConfigError with the nearest kind when there is none of that name.
const CatalogKind& catalog_kind(const std::string& name);

/// Names of a kind's entries, in catalog order.
std::vector<std::string> entry_names(const CatalogKind& kind);

/// How the type of an option is called.
struct OptionTypeNames {
  const char* name;  // "number_list": in JSON
  const char* text;  // "list of numbers": for people
};
OptionTypeNames names_of(OptionType type);

/// "number", "integer >= 1", "number in (0, 1]", "one of a, b": what an option's value may be.
std::string describe_range(const OptionSpec& option);

}  // namespace headway
