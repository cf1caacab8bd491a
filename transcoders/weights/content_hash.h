// A name for what a set of weight files holds, cheap enough to take on every run.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace circuit {

/// 16 hexadecimal digits of xxHash64 over, for each file in order of its file name (directories do
/// not count): the name, the size, the header (safetensors: length prefix and JSON; GGUF: all
/// before the tensors; other files: nothing) and 64 blocks of 64 KiB at evenly spaced offsets; of
/// files up to 4 MiB, and of all files when `whole`, everything instead of header and blocks.
/// Throws std::runtime_error `[content_hash] PATH: …` naming a file that cannot be read, or
/// `[open_gguf] PATH: …`.
std::string content_hash(std::span<const std::filesystem::path> files, bool whole = false);

/// 16 hexadecimal digits of xxHash64 over `text`.
std::string text_hash(std::string_view text);

}  // namespace circuit
