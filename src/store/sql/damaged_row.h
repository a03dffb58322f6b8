#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "base/json.h"
#include "store/segments/segment_name.h"

namespace headway {

/// A row of the database holds what headway writes into none: the database is damaged, whatever the
/// segments say. ResultsStore::query turns it into a DatabaseError.
class DamagedRow : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What `read` makes of the JSON in `column` ("table.column"). DamagedRow when it is no such JSON.
auto read_cell(const char* column, const std::string& text, auto&& read) {
  try {
    return read(parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    throw DamagedRow(fmt::format("{}: {}", column, error.what()));
  }
}

/// `text` as the name of a segment; it is going to be part of a path.
inline const std::string& segment_cell(const char* column, const std::string& text) {
  if (!is_segment_name(text)) throw DamagedRow(fmt::format("{}: names no segment", column));
  return text;
}

}  // namespace headway
