#include "tracer/cli/fetch_list.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "tracer/cli/json_line.h"
#include "tracer/cli/known_sets.h"

namespace circuit::cli {
namespace {

using Commands = std::vector<std::string>;

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  result.append(width > result.size() ? width - result.size() : 0, ' ');
  return result;
}

Commands commands_of(const KnownSet& set) {
  const std::string folder(set.folder);
  const std::string at = folder.empty() ? "" : folder + "/";
  const std::string start = "huggingface-cli download " + std::string(set.repository);
  const std::string into = " --local-dir " + std::string(set.name);
  // "./": a directory, where the name alone would be the set.
  const std::string place = "./" + std::string(set.name) + (folder.empty() ? "" : "/" + folder);
  if (set.lists_files) {
    return {start + " " + at + "config.yaml" + into, "circuit inspect --fetch-list " + place,
            "circuit inspect --transcoders " + place};
  }
  return {start + " --include '" + at + "config.yaml' '" + at + "*.safetensors'" + into,
          "circuit inspect --transcoders " + place};
}

/// The entries `hf://OWNER/REPOSITORY/PATH?revision=R` of a config.yaml, wherever they stand.
std::vector<std::string> hub_files_in(const std::filesystem::path& config) {
  std::ifstream file(config);
  if (!file) throw std::runtime_error("[fetch_list] " + config.string() + ": cannot be read");
  std::vector<std::string> entries;
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find("hf://");
    if (begin == std::string::npos) continue;
    const std::size_t end = line.find_first_of(" \t\r\"',]", begin);
    entries.push_back(line.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return entries;
}

/// Empty for an entry of another form or a file that is there.
std::string command_for(std::string entry, const std::filesystem::path& directory) {
  entry.erase(0, std::string_view("hf://").size());
  std::string revision;
  if (const std::size_t query = entry.find("?revision="); query != std::string::npos) {
    revision = " --revision " + entry.substr(query + std::string_view("?revision=").size());
    entry.resize(query);
  }
  const std::size_t owner = entry.find('/');
  const std::size_t name = owner == std::string::npos ? owner : entry.find('/', owner + 1);
  if (name == std::string::npos) return {};
  const std::string path = entry.substr(name + 1);
  std::error_code ignored;
  if (std::filesystem::exists(directory / path, ignored)) return {};
  return "huggingface-cli download " + entry.substr(0, name) + " " + path + revision +
         " --local-dir " + directory.string();
}

Commands commands_of(const std::filesystem::path& directory) {
  Commands commands;
  for (const std::string& entry : hub_files_in(directory / "config.yaml")) {
    const std::string command = command_for(entry, directory);
    if (command.empty() || std::ranges::find(commands, command) != commands.end()) continue;
    commands.push_back(command);
  }
  return commands;
}

Commands commands_for(const std::string& what) {
  for (const KnownSet& set : known_sets()) {
    if (set.name == what) return commands_of(set);
  }
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::path(what) / "config.yaml", ignored)) {
    return commands_of(std::filesystem::path(what));
  }
  std::string names;
  for (const KnownSet& set : known_sets()) {
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  }
  throw std::runtime_error("[fetch_list] \"" + what +
                           "\" is neither a directory with a config.yaml nor one of " + names);
}

std::string table_of_sets() {
  std::size_t name = 0, model = 0;
  for (const KnownSet& set : known_sets()) {
    name = std::max(name, set.name.size());
    model = std::max(model, set.model.size());
  }
  std::string text;
  for (const KnownSet& set : known_sets()) {
    text += padded(set.name, name + 2) + padded(set.model, model + 2) +
            std::string(set.repository) +
            (set.folder.empty() ? "" : "/" + std::string(set.folder)) + "  (" +
            std::string(set.holds) + ")\n";
  }
  return text + "circuit inspect --fetch-list NAME prints the commands that download one.\n";
}

}  // namespace

std::string fetch_list_text(const std::string& what) {
  if (what.empty()) return table_of_sets();
  const Commands commands = commands_for(what);
  if (commands.empty()) return "every file that " + what + " lists is there\n";
  std::string text;
  for (const std::string& command : commands) text += command + "\n";
  return text;
}

std::string fetch_list_json(const std::string& what) {
  nlohmann::ordered_json object;
  if (!what.empty()) {
    object["commands"] = commands_for(what);
    return json_line(object);
  }
  object["sets"] = nlohmann::ordered_json::array();
  for (const KnownSet& set : known_sets()) {
    object["sets"].push_back({{"name", set.name},
                              {"model", set.model},
                              {"holds", set.holds},
                              {"repository", set.repository},
                              {"folder", set.folder},
                              {"commands", commands_of(set)}});
  }
  return json_line(object);
}

}  // namespace circuit::cli
