// Which files a subcommand writes, and where: `--out`, `--name`, `--format`.
#pragma once

#include <filesystem>
#include <string>

#include "export/picture/picture.h"

namespace CLI {
class App;
}

namespace circuit::cli {

struct OutputFiles {
  std::filesystem::path folder = ".";    ///< made when it is not there
  std::string name;                      ///< of the files, without ending; empty = see help
  std::string formats = "json,svg,png";  ///< as `parse_formats` reads them
  PictureOptions picture{};

  /// `FOLDER/NAME.graph.safetensors`.
  std::filesystem::path graph_file() const { return folder / (name + ".graph.safetensors"); }
};

/// Binds the three options; `name_help` and `format_help` say what they default to.
void add_output_options(CLI::App& command, OutputFiles& files, const std::string& name_help,
                        const std::string& format_help);

enum class FormatsMay { kNotBeMissing, kBeMissing };

/// Throws std::invalid_argument for a name that no file may have or for unknown formats.
void check_output_files(const OutputFiles& files, FormatsMay formats = FormatsMay::kNotBeMissing);

/// Throws std::runtime_error when files cannot be written to `folder`, or it cannot be made. Makes
/// and writes nothing: the check comes before the long work, the folder with the first file.
void require_writable(const std::filesystem::path& folder);

/// `GRAPH.graph.safetensors` without folder and ending, for names of what is made from it; as long
/// as names may be, less the room for `ending`.
std::string name_of_graph(const std::filesystem::path& graph, const std::string& ending);

}  // namespace circuit::cli
