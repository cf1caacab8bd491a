#include "tests/support/golden_tokenizer.h"

#include <fstream>
#include <iomanip>
#include <sstream>

#include <xxhash.h>

#include "tests/support/temp_dir.h"
#include "tests/support/unpack_xz.h"

namespace circuit::testing {
namespace {

constexpr std::uint64_t kTextsPerLine = 100;

void append_number(std::string& bytes, std::size_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((number >> shift) & 0xFFU);
  }
}

void append_ids(std::string& bytes, const std::vector<std::int32_t>& ids) {
  append_number(bytes, ids.size());
  for (const std::int32_t id : ids) append_number(bytes, static_cast<std::size_t>(id));
}

std::string digits_of_hash(const std::string& bytes) {
  std::ostringstream digits;
  digits << std::hex << std::setfill('0') << std::setw(16)
         << XXH64(bytes.data(), bytes.size(), /*seed=*/0);
  return digits.str();
}

}  // namespace

Tokenizer load_golden_tokenizer(const std::filesystem::path& folder, const std::string& name) {
  const TempDir unpacked;
  write_text(unpacked / "tokenizer.json", unpack_xz(folder / (name + ".tokenizer.json.xz")));
  return Tokenizer::load(unpacked.path());
}

std::vector<std::string> read_random_hashes(const std::filesystem::path& folder,
                                            const std::string& name) {
  std::ifstream file(folder / (name + ".random"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

Tokenizer load_golden_model(const std::filesystem::path& folder, const std::string& name,
                            const std::string& test_case) {
  const TempDir model;
  std::filesystem::copy(folder / (name + ".model"), model / "tokenizer.model");
  const std::filesystem::path config = folder / (name + "." + test_case + ".json");
  if (test_case != "model") std::filesystem::copy(config, model / "tokenizer_config.json");
  return Tokenizer::load(model.path());
}

std::string hash_random_texts(const Tokenizer& tokenizer, const RandomTexts& texts,
                              std::uint64_t line) {
  std::string bytes;
  for (std::uint64_t i = line * kTextsPerLine; i < (line + 1) * kTextsPerLine; ++i) {
    const auto ids = tokenizer.encode(texts.make(i), {.add_special_tokens = false});
    const std::string decoded = tokenizer.decode(ids);
    append_ids(bytes, ids);
    append_number(bytes, decoded.size());
    bytes += decoded;
  }
  return digits_of_hash(bytes);
}

std::string hash_random_ids(const Tokenizer& tokenizer, const RandomTexts& texts,
                            std::uint64_t line) {
  std::string bytes;
  for (std::uint64_t i = line * kTextsPerLine; i < (line + 1) * kTextsPerLine; ++i) {
    append_ids(bytes, tokenizer.encode(texts.make(i)));
  }
  return digits_of_hash(bytes);
}

}  // namespace circuit::testing
