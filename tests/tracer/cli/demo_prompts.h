// Prompt files for tests that trace many prompts of the bundled demo.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace circuit::cli::testing {

/// The first `count` lines of the demo's own prompts.
std::vector<std::string> demo_lines(std::size_t count);

/// Writes the lines, one prompt each.
void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines);

/// What the files below `folder` hold, by name.
std::map<std::string, std::string> contents_below(const std::filesystem::path& folder);

/// `NAME.done` -> `NAME`, of all that are there.
std::set<std::string> names_done(const std::filesystem::path& folder);

/// The six-digit names that begin lines of a report for people.
std::set<std::string> names_told(const std::string& report);

}  // namespace circuit::cli::testing
