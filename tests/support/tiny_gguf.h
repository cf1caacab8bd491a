// A Hugging Face directory written again as a GGUF file, as llama.cpp's converter lays it out.
#pragma once

#include <filesystem>

#include "tests/support/gguf_writer.h"

namespace circuit::testing {

/// Keys and tensors (f64, unchanged values) of the single-file model in `directory`, of any family
/// that GGUF knows. No tokenizer.
GgufWriter as_gguf(const std::filesystem::path& directory);

}  // namespace circuit::testing
