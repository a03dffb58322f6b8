#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// Counts the labels that a reader meets.
class LabelCounts {
 public:
  explicit LabelCounts(std::int64_t classes) : counts_(static_cast<std::size_t>(classes)) {}

  /// Each in 0..K-1.
  void add(std::span<const std::int32_t> labels);
  /// ConfigError unless every class was met; `place` says where they were read.
  void expect_every_class(std::string_view place) const;

 private:
  std::vector<std::int64_t> counts_;
};

/// The names of `count` classes, one a line, all different; empty lines at the end do not count.
/// ConfigError names file and line.
std::vector<std::string> read_class_names(const std::filesystem::path& path, std::int64_t count);

/// Those in the file if there is one, else the published ones, of which there must be as many.
std::vector<std::string> class_names_or(const std::optional<std::filesystem::path>& path,
                                        std::vector<std::string> published);

}  // namespace headway
