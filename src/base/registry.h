#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {

/// The table of one family of components: YAML name -> factory function. Immutable once made.
template <typename Factory>
class Registry {
 public:
  Registry(std::string family, const std::vector<std::pair<std::string, Factory*>>& entries)
      : family_(std::move(family)), entries_(entries.begin(), entries.end()) {
    expects(entries_.size() == entries.size(), "a name stands twice in the table of " + family_);
  }

  /// The factory called `name`; ConfigError with the known names when there is none.
  Factory& at(std::string_view name) const {
    const auto found = entries_.find(std::string(name));
    if (found == entries_.end()) {
      throw ConfigError(fmt::format("unknown {} '{}'{}", family_, name, suggestion(name, names())));
    }
    return *found->second;
  }

  /// Sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, factory] : entries_) result.push_back(name);
    return result;
  }

 private:
  std::string family_;
  std::map<std::string, Factory*> entries_;
};

}  // namespace headway
