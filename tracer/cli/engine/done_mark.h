// `NAME.done`: the file that says that all files of a prompt are there, and with which settings
// they were made. It is written last and removed before the first of them is written anew.
#pragma once

#include <filesystem>
#include <string>

#include "tracer/cli/output_files.h"

namespace circuit::cli {

/// Whether the mark has this hash and every file of `output`, and with `save_graph` the graph file,
/// is there.
bool is_done(const OutputFiles& output, bool save_graph, const std::string& settings_hash);

/// Throws std::runtime_error when the mark cannot be written.
void write_done_mark(const OutputFiles& output, const std::string& settings_hash);

void remove_done_mark(const OutputFiles& output);

}  // namespace circuit::cli
