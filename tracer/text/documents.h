// Texts to measure on: .txt files, each one text, and .jsonl files, one text a line.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace circuit {

/// Of files and folders (their .txt and .jsonl files by name, not those of folders inside). A line
/// of JSONL is an object with a string `text`, else `prompt`; empty lines are left out, other
/// members are not looked at. Throws std::runtime_error `[read_text] FILE:LINE: …`, and when there
/// is no text at all. Holds everything in memory.
std::vector<std::string> read_documents(std::span<const std::filesystem::path> paths);

}  // namespace circuit
