#include "tests/tracer/cli/demo_prompts.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/temp_dir.h"

namespace circuit::cli::testing {

std::vector<std::string> demo_lines(std::size_t count) {
  std::ifstream file(std::filesystem::path(CIRCUIT_DEMO_DIR) / "prompts.jsonl");
  std::vector<std::string> lines;
  for (std::string line; lines.size() < count && std::getline(file, line);) lines.push_back(line);
  if (lines.size() < count) throw std::runtime_error("[demo_lines] too few prompts");
  return lines;
}

void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  circuit::testing::write_text(path, text);
}

std::map<std::string, std::string> contents_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    contents[entry.path().filename().string()] = circuit::testing::read_text(entry.path());
  }
  return contents;
}

std::set<std::string> names_done(const std::filesystem::path& folder) {
  std::set<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".done") names.insert(entry.path().stem().string());
  }
  return names;
}

std::set<std::string> names_told(const std::string& report) {
  std::set<std::string> names;
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("0123456789") == 6) names.insert(line.substr(0, 6));
  }
  return names;
}

}  // namespace circuit::cli::testing
