// circuit_tokenize_bench: how fast a text becomes ids, on one core, and how long loading takes.
//
//   circuit_tokenize_bench --text FILE [--text FILE …]     the tokenizers of tests/golden
//   circuit_tokenize_bench --text FILE --tokenizer PATH     a tokenizer of your own
//
// Before anything is timed, 2,000 random texts must give the ids of Hugging Face's library (of a
// tokenizer of tests/golden), and each file must be decoded to itself (unless the tokenizer changes
// characters, which is said).

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/bench/measure.h"
#include "tests/support/golden_tokenizer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unpack_xz.h"

namespace circuit::bench {
namespace {

const std::filesystem::path kGolden = CIRCUIT_GOLDEN_DIR;
constexpr std::uint64_t kCheckedLines = 20;

struct Options {
  std::vector<std::string> texts;
  std::string tokenizer;
  int repeat = 5;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void check_random_texts(const Tokenizer& tokenizer, const std::string& name) {
  const testing::RandomTexts texts(kGolden / "random_texts.json");
  const auto expected = testing::read_random_hashes(kGolden / "tokenizers", name);
  for (std::uint64_t line = 0; line < kCheckedLines; ++line) {
    if (hash_random_texts(tokenizer, texts, line) != expected.at(line)) {
      throw std::runtime_error(name + ": wrong ids in line " + std::to_string(line));
    }
  }
}

void measure(const std::string& name, const std::filesystem::path& path, const Options& options) {
  const Tokenizer tokenizer = Tokenizer::load(path);
  if (options.tokenizer.empty()) check_random_texts(tokenizer, name);
  std::printf("%-14s load %41.3f s\n", name.c_str(),
              median_seconds(options.repeat, [&] { (void)Tokenizer::load(path); }));
  for (const std::string& file : options.texts) {
    const std::string text = read_file(file);
    const auto ids = tokenizer.encode(text, {.add_special_tokens = false});
    const bool is_same = tokenizer.decode(ids) == text;
    const double seconds = median_seconds(options.repeat, [&] { (void)tokenizer.encode(text); });
    std::printf("%-14s %-24s %9zu bytes %9zu ids %7.2f MB/s%s\n", name.c_str(),
                std::filesystem::path(file).filename().c_str(), text.size(), ids.size(),
                1e-6 * static_cast<double>(text.size()) / seconds,
                is_same ? "" : "  (decodes to another text)");
  }
}

int run(int argc, char** argv) {
  CLI::App app("Times tokenizers");
  Options options;
  app.add_option("--text", options.texts, "Files to encode, each as one text");
  app.add_option("--tokenizer", options.tokenizer, "Default: those of tests/golden");
  app.add_option("--repeat", options.repeat, "Median of so many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!options.tokenizer.empty()) {
    measure(std::filesystem::path(options.tokenizer).filename(), options.tokenizer, options);
    return 0;
  }
  for (const char* name : {"gpt2", "llama3", "qwen3", "smollm2", "gemma2", "tiny-llama",
                           "tiny-mistral", "tiny-t5", "tiny-unigram"}) {
    const testing::TempDir folder;
    const auto packed = kGolden / "tokenizers" / (std::string(name) + ".tokenizer.json.xz");
    testing::write_text(folder / "tokenizer.json", testing::unpack_xz(packed));
    measure(name, folder.path(), options);
  }
  return 0;
}

}  // namespace
}  // namespace circuit::bench

int main(int argc, char** argv) {
  try {
    return circuit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_tokenize_bench: %s\n", error.what());
    return 1;
  }
}
