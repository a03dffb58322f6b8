#pragma once

#include <string>

#include "store/tables/table.h"

namespace headway {

// Tables for people, each ending in a newline, the notes below.

/// Aligned columns.
std::string text_table(const Table& table);
std::string markdown_table(const Table& table);
/// A booktabs tabular; the notes are comments.
std::string latex_table(const Table& table);
std::string html_table(const Table& table);

}  // namespace headway
