// How many questions of examples/demo/prompts.jsonl the bundled model answers.
#pragma once

#include <filesystem>
#include <string>

namespace circuit::studies {

/// A Markdown table: for each family, in the order of the file, RIGHT/ALL on each split and of each
/// kind of `fields.training`. Right = the first token of the answer is the most probable next one.
/// `demo` holds `model/` and `prompts.jsonl`. Throws what reading them throws.
std::string demo_accuracy_table(const std::filesystem::path& demo);

}  // namespace circuit::studies
