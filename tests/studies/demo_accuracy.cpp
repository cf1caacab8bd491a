#include "tests/studies/demo_accuracy.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/machine/threads.h"
#include "tracer/model/model.h"
#include "tracer/text/prompt_file.h"
#include "tracer/text/tokenizer.h"

namespace circuit::studies {
namespace {

const std::vector<std::string> kColumns = {"dev", "test", "seen", "held-out", "unrecorded"};

struct Count {
  std::size_t right = 0, all = 0;
};

struct Family {
  std::string name;
  std::map<std::string, Count> counts;  // by column
};

std::vector<char> rightness(const std::filesystem::path& model_path, const PromptFile& file) {
  const c10::InferenceMode inference;
  const Model model = load_model(model_path);
  const Tokenizer tokenizer = Tokenizer::load(model_path);
  std::vector<char> right(file.entries.size());  // not bool: written from several threads
  parallel_tasks(right.size(), [&](std::size_t i) {
    const PromptEntry& entry = file.entries[i];
    const at::Tensor logits = forward(model, tokenizer.encode(entry.prompt.value())).logits[0];
    const std::int32_t answer = tokenizer.encode(entry.answer.value()).at(1);  // after <bos>
    right[i] = logits.argmax().item<std::int64_t>() == answer;
  });
  return right;
}

std::string row(const Family& family) {
  std::string text = "| `" + family.name + "` |";
  for (const std::string& column : kColumns) {
    const auto found = family.counts.find(column);
    text += found == family.counts.end() ? " |"
                                         : " " + std::to_string(found->second.right) + "/" +
                                               std::to_string(found->second.all) + " |";
  }
  return text + "\n";
}

}  // namespace

std::string demo_accuracy_table(const std::filesystem::path& demo) {
  const PromptFile file = read_prompt_file(demo / "prompts.jsonl");
  const std::vector<char> right = rightness(demo / "model", file);
  std::vector<Family> families;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const PromptEntry& entry = file.entries[i];
    auto family = std::ranges::find(families, entry.family.value(), &Family::name);
    if (family == families.end()) family = families.insert(family, {*entry.family, {}});
    for (const std::string& column : {entry.split.value(), entry.fields.at("training")}) {
      Count& count = family->counts[column];
      count.right += static_cast<std::size_t>(right[i]);
      ++count.all;
    }
  }
  std::string table = "| family |", line = "|---|";
  for (const std::string& column : kColumns) {
    table += " " + column + " |";
    line += "---|";
  }
  table += "\n" + line + "\n";
  for (const Family& family : families) table += row(family);
  return table;
}

}  // namespace circuit::studies
