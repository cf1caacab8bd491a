#include "tracer/text/gguf_pre_tokenizers.h"

#include <algorithm>
#include <array>

// llama.cpp names each after a model whose tokenizer.json splits so. The patterns are those of that
// file, which llama.cpp rewrites for an engine without Unicode classes and case folding.

namespace circuit {
namespace {

constexpr std::string_view kWords =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr std::array kGpt2 = {kWords};
constexpr std::array kSingleDigits = {std::string_view(R"(\p{N})"), kWords};
constexpr std::array kDefault = {std::string_view(R"([\p{P}\$\+<=>\^~\|]+)"), kWords,
                                 std::string_view(R"(\p{N}+)"),
                                 std::string_view(R"([0-9][0-9][0-9])")};
constexpr std::array<std::string_view, 1> kLlama3 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kQwen2 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kTekken = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr std::array<GgufPreTokenizer, 24> kTable{{
    {.name = "default", .patterns = kDefault},
    {.name = "gpt-2", .patterns = kGpt2},
    {.name = "phi-2", .patterns = kGpt2},
    {.name = "mpt", .patterns = kGpt2},
    {.name = "olmo", .patterns = kGpt2},
    {.name = "jais", .patterns = kGpt2},
    {.name = "exaone4", .patterns = kGpt2},
    {.name = "smollm", .patterns = kSingleDigits},
    {.name = "starcoder", .patterns = kSingleDigits},
    {.name = "refact", .patterns = kSingleDigits},
    {.name = "command-r", .patterns = kSingleDigits},
    {.name = "codeshell", .patterns = kSingleDigits},
    {.name = "minerva-7b", .patterns = kSingleDigits},
    {.name = "llama-bpe", .patterns = kLlama3, .ignore_merges = true, .adds_bos = true},
    {.name = "llama3", .patterns = kLlama3, .ignore_merges = true, .adds_bos = true},
    {.name = "llama-v3", .patterns = kLlama3, .ignore_merges = true, .adds_bos = true},
    {.name = "falcon3", .patterns = kLlama3, .ignore_merges = true, .adds_bos = true},
    {.name = "pixtral", .patterns = kLlama3, .ignore_merges = true, .adds_bos = true},
    {.name = "dbrx", .patterns = kLlama3},
    {.name = "smaug-bpe", .patterns = kLlama3},
    {.name = "tekken", .patterns = kTekken, .ignore_merges = true, .adds_bos = true},
    {.name = "qwen2", .patterns = kQwen2, .composes = true},
    {.name = "deepseek-r1-qwen", .patterns = kQwen2, .composes = true},
    {.name = "stablelm2", .patterns = kQwen2},
}};

}  // namespace

std::span<const GgufPreTokenizer> gguf_pre_tokenizers() { return kTable; }

const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name) {
  const auto* found = std::ranges::find(kTable, name, &GgufPreTokenizer::name);
  return found == kTable.end() ? nullptr : found;
}

}  // namespace circuit
