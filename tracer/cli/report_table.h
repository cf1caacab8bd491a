// The aligned report that a subcommand prints for people: names on the left, values on the right.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace circuit::cli {

class ReportTable {
 public:
  void add(std::string name, std::string value);
  /// One line each; nothing when there are none.
  void add_lines(const std::string& name, const std::vector<std::string>& lines);
  /// Values as wide as a terminal allows, several on a line, separated by two spaces.
  void add_flow(const std::string& name, const std::vector<std::string>& items);

  /// The whole text, with a line break at its end.
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> rows_;  // a name is empty in later lines
};

/// `text` in quotes, on one line, for tokens: `" petit"`.
std::string in_quotes(const std::string& text);

/// How many characters `text` has.
std::size_t characters(const std::string& text);

/// `text` with spaces behind it (before it: `padded_left`) up to `width` characters.
std::string padded(const std::string& text, std::size_t width);
std::string padded_left(const std::string& text, std::size_t width);

/// One line a row, its columns two spaces apart, no spaces at its end; all rows have as many
/// columns.
std::vector<std::string> aligned_columns(const std::vector<std::vector<std::string>>& rows);

/// `12,345`.
std::string count_text(std::size_t count);

/// `0.41 s`.
std::string seconds_text(double seconds);

/// `1.2e-07`, or `unknown`.
std::string error_text(double value);

}  // namespace circuit::cli
