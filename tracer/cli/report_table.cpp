#include "tracer/cli/report_table.h"

#include <algorithm>
#include <cstdio>

#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

constexpr std::size_t kLineWidth = 100;

std::string spaces_for(const std::string& text, std::size_t width) {
  const std::size_t used = characters(text);
  return std::string(used < width ? width - used : 0, ' ');
}

}  // namespace

void ReportTable::add(std::string name, std::string value) {
  rows_.emplace_back(std::move(name), std::move(value));
}

void ReportTable::add_lines(const std::string& name, const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) add(i == 0 ? name : "", lines[i]);
}

void ReportTable::add_flow(const std::string& name, const std::vector<std::string>& items) {
  std::vector<std::string> lines;
  for (const std::string& item : items) {
    if (lines.empty() || characters(lines.back()) + 2 + characters(item) > kLineWidth) {
      lines.push_back(item);
    } else {
      lines.back() += "  " + item;
    }
  }
  add_lines(name, lines);
}

std::string ReportTable::text() const {
  std::size_t width = 0;
  for (const auto& [name, value] : rows_) width = std::max(width, characters(name));
  std::string text;
  for (const auto& [name, value] : rows_) text += padded(name, width) + "  " + value + "\n";
  return text;
}

std::string in_quotes(const std::string& text) { return "\"" + one_line(text) + "\""; }

// Columns count characters, never bytes; wide ones of East Asian scripts may stand out.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + spaces_for(text, width);
}

std::string padded_left(const std::string& text, std::size_t width) {
  return spaces_for(text, width) + text;
}

std::vector<std::string> aligned_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], characters(row[i]));
    }
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? padded(row[i], widths[i]) + "  " : row[i];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string count_text(std::size_t count) {
  std::string text = std::to_string(count);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

std::string seconds_text(double seconds) { return fixed_text(seconds, 2) + " s"; }

std::string error_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

}  // namespace circuit::cli
