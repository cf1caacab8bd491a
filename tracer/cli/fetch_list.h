// What `circuit inspect --fetch-list` prints: commands that download public transcoders. Nothing
// is fetched.
#pragma once

#include <string>

namespace circuit::cli {

/// WHAT empty: a table of the known sets. A known name: its commands. A directory with a
/// config.yaml: the commands for the files of the hub that it lists and that are not there yet.
/// Throws std::runtime_error `[fetch_list] …` for anything else.
std::string fetch_list_text(const std::string& what);
/// The same as one JSON object: `sets`, or `commands`.
std::string fetch_list_json(const std::string& what);

}  // namespace circuit::cli
