#include "tracer/cli/engine/done_mark.h"

#include <algorithm>
#include <fstream>

#include "export/outputs.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit::cli {
namespace {

std::filesystem::path mark_of(const OutputFiles& output) {
  return output.folder / (output.name + ".done");
}

}  // namespace

bool is_done(const OutputFiles& output, bool save_graph, const std::string& settings_hash) {
  std::ifstream mark(mark_of(output));
  std::string found;
  if (!std::getline(mark, found) || found != settings_hash) return false;
  if (save_graph && !std::filesystem::exists(output.graph_file())) return false;
  return std::ranges::all_of(parse_formats(output.formats), [&](OutputFormat format) {
    return std::filesystem::exists(output_path(output.folder, output.name, format));
  });
}

void write_done_mark(const OutputFiles& output, const std::string& settings_hash) {
  write_file_atomically(mark_of(output), settings_hash + "\n");
}

void remove_done_mark(const OutputFiles& output) { std::filesystem::remove(mark_of(output)); }

}  // namespace circuit::cli
