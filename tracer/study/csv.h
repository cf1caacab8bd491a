// Tables as comma-separated values (RFC 4180): fields in quotes may hold commas, quotes twice and
// line breaks.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

struct CsvTable {
  std::vector<std::string> columns;            ///< the first row; unique, none empty
  std::vector<std::vector<std::string>> rows;  ///< [rows][columns]
  std::vector<std::size_t> lines;              ///< [rows] where each begins, from 1
};

/// Throws std::runtime_error `[read_table] FILE:LINE: …`; at least one row.
CsvTable read_csv(const std::filesystem::path& path);

/// One line with its end; fields are quoted where they need it.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace circuit
