#include "tracer/cli/output_files.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "export/names/slug.h"
#include "export/outputs.h"
#include "tracer/cli/count_check.h"

namespace circuit::cli {
namespace {

constexpr std::size_t kLongestName = 60;

}  // namespace

void add_output_options(CLI::App& command, OutputFiles& files, const std::string& name_help,
                        const std::string& format_help) {
  command.add_option("--out", files.folder, "Folder for the files; made when it is not there")
      ->type_name("DIR")
      ->capture_default_str()
      ->group("Output");
  command
      .add_option("--name", files.name,
                  "Name of the files, up to 60 of A-Z a-z 0-9 _ . -; default: " + name_help)
      ->type_name("NAME")
      ->check([](const std::string& name) {
        return name.empty() ? std::string("is empty, expected a name") : std::string();
      })
      ->group("Output");
  command.add_option("--format", files.formats, format_help)
      ->type_name("LIST")
      ->capture_default_str()
      ->group("Output");
  command
      .add_option("--max-edges", files.picture.most_edges,
                  "Edges that svg, png and pdf show at most, the strongest; 0 = all")
      ->type_name("N")
      ->check(count_complaint)
      ->capture_default_str()
      ->group("Output");
}

void check_output_files(const OutputFiles& files, FormatsMay formats) {
  if (files.folder.empty()) throw std::invalid_argument("--out is empty, expected a folder");
  if (!files.name.empty()) check_name(files.name);
  if (formats == FormatsMay::kBeMissing && files.formats.empty()) return;
  parse_formats(files.formats);
}

void require_writable(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(folder).lexically_normal();
  while (!std::filesystem::exists(place, error) && place.has_relative_path()) {
    place = place.parent_path();
  }
  const auto fail = [&](const std::string& reason) {
    throw std::runtime_error("[write_outputs] " + folder.string() + ": " + reason +
                             ", expected a folder to write to");
  };
  if (!std::filesystem::is_directory(place, error)) fail(place.string() + " is not a folder");
  if (::access(place.c_str(), W_OK | X_OK) != 0) {
    fail(place.string() + " cannot be written (" + std::strerror(errno) + ")");
  }
}

std::string name_of_graph(const std::filesystem::path& graph, const std::string& ending) {
  std::string name = graph.filename().string();
  for (const std::string_view known :
       {std::string_view(".graph.safetensors"), std::string_view(".safetensors"),
        std::string_view(".json")}) {
    if (name.ends_with(known)) name.resize(name.size() - known.size());
  }
  return slug(name).substr(0, kLongestName - ending.size()) + ending;
}

}  // namespace circuit::cli
