// circuit_generate_bench: tokens a second, of one text and of several written together, beside the
// rate at which this machine reads memory in the same run.
//
//   circuit_generate_bench                                random weights in the shape of
//   SmolLM2-135M circuit_generate_bench --model MODEL --tokens 64 --streams 32
//
// Before anything is timed, texts written together must be those written alone, and the first
// tokens those of a forward of the whole text for each.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>
#include <c10/core/InferenceMode.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tracer/generate/generate.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "tracer/machine/vector_clones.h"

namespace circuit::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Every bit of the words counts, or the compiler would leave reads out.
CIRCUIT_VECTOR_CLONES std::uint64_t mix_words(const std::uint64_t* words, std::size_t count) {
  std::uint64_t mixed = 0;
  for (std::size_t i = 0; i < count; ++i) mixed ^= words[i];
  return mixed;
}

/// Reads a buffer far larger than the caches from end to end, all threads together, in blocks of
/// the size that products read.
class ReadRate {
 public:
  explicit ReadRate(std::size_t bytes) : words_(bytes / sizeof(std::uint64_t), 1) {}

  /// Bytes a second.
  double measure() {
    constexpr std::size_t kBlock = std::size_t{1} << 15;  // words, a quarter of a megabyte
    const std::size_t blocks = words_.size() / kBlock;
    std::vector<std::uint64_t> mixed(blocks);
    const auto start = Clock::now();
    parallel_tasks(
        blocks, [&](std::size_t i) { mixed[i] = mix_words(words_.data() + i * kBlock, kBlock); });
    const double seconds = seconds_since(start);
    for (const std::uint64_t word : mixed) {
      if (word != 0) throw std::runtime_error("the buffer was not read");
    }
    return static_cast<double>(blocks * kBlock * sizeof(std::uint64_t)) / seconds;
  }

 private:
  std::vector<std::uint64_t> words_;
};

// What one token reads: all weights, the embedding only if it is the unembedding too.
std::int64_t weight_bytes(const Model& model) {
  std::int64_t bytes = static_cast<std::int64_t>(model.unembedding.nbytes());
  for (const Block& block : model.blocks) {
    for (const at::Tensor& weight :
         {block.attention.query, block.attention.key, block.attention.value, block.attention.output,
          block.mlp.gate, block.mlp.up, block.mlp.down, block.attention_norm.gain,
          block.mlp_norm.gain}) {
      if (weight.defined()) bytes += static_cast<std::int64_t>(weight.nbytes());
    }
  }
  return bytes;
}

struct Options {
  std::filesystem::path model;
  std::string dtype = "f32";
  double temperature = 0;
  std::int64_t prompt_tokens = 8;
  std::int64_t tokens = 64;
  std::int64_t streams = 32;
  int repeat = 5;
  int threads = 0;
  bool tiny = false;
};

testing::TinyModelSpec shape(bool tiny) {
  testing::TinyModelSpec spec;
  spec.family = &find_architecture("LlamaForCausalLM", "llama");
  spec.n_layers = tiny ? 3 : 30;
  spec.d_model = tiny ? 48 : 576;
  spec.n_heads = tiny ? 6 : 9;
  spec.n_kv_heads = 3;
  spec.d_head = tiny ? 8 : 64;
  spec.d_mlp = tiny ? 64 : 1536;
  spec.vocabulary_size = tiny ? 500 : 49152;
  spec.max_positions = 8192;
  spec.tied = true;
  return spec;
}

/// Texts and the seconds that their tokens took but for the first, which waits for the prompt.
struct Written {
  std::vector<std::vector<std::int32_t>> texts;
  double seconds = 0;
  std::int64_t tokens = 0;
};

class Bench {
 public:
  Bench(const Model& model, const Options& options) : model_(model), options_(options) {
    prompt_.ids = {1};
    for (std::int64_t i = 1; i < options.prompt_tokens; ++i) {
      prompt_.ids.push_back(static_cast<std::int32_t>(i * 7919 % model.config.vocabulary_size));
    }
  }

  // Texts `first` … of all that the options have.
  Written write(std::int64_t first, std::int64_t count, std::int64_t tokens) const {
    Clock::time_point start;
    std::vector<GenerationStream> streams;
    std::int64_t begun = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      streams.push_back({.sampling = {.temperature = options_.temperature,
                                      .seed = static_cast<std::uint64_t>(first + i)},
                         .accept = [&](const GeneratedToken&) {
                           if (++begun == count) start = Clock::now();
                           return true;
                         }});
    }
    const auto all = generate(model_, {&prompt_, 1}, streams, {.max_tokens = tokens});
    Written written{.texts = {}, .seconds = seconds_since(start), .tokens = count * (tokens - 1)};
    for (const auto& text : all) {
      written.texts.emplace_back();
      for (const GeneratedToken& token : text) written.texts.back().push_back(token.id);
    }
    return written;
  }

  void check() const {
    const std::int64_t tokens = std::min<std::int64_t>(options_.tokens, 8);
    const Written together = write(0, options_.streams, tokens);
    for (const std::int64_t i : {std::int64_t{0}, options_.streams - 1}) {
      if (write(i, 1, tokens).texts[0] != together.texts[static_cast<std::size_t>(i)]) {
        throw std::runtime_error("a text written with others is not the one written alone");
      }
    }
    Sampler sampler({.temperature = options_.temperature, .seed = 0});
    std::vector<std::int32_t> text = prompt_.ids;
    for (const std::int32_t id : together.texts[0]) {
      const at::Tensor logits = forward(model_, text).logits[0].to(at::kFloat).contiguous();
      text.push_back(
          sampler.choose({logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel())}));
      if (text.back() != id) throw std::runtime_error("the cache changed a token");
    }
  }

 private:
  const Model& model_;
  const Options& options_;
  GenerationPrompt prompt_;
};

at::ScalarType type_of(const std::string& name) {
  if (name == "f32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  throw std::invalid_argument("--dtype is " + name + ", expected f32 or bf16");
}

int run(int argc, char** argv) {
  CLI::App app("Times writing token by token");
  Options options;
  app.add_option("--model", options.model, "Model; default: random weights");
  app.add_option("--dtype", options.dtype, "f32 or bf16")->capture_default_str();
  app.add_option("--temperature", options.temperature)->capture_default_str();
  app.add_option("--prompt-tokens", options.prompt_tokens)->check(CLI::PositiveNumber);
  app.add_option("--tokens", options.tokens, "Of each text")->check(CLI::Range(2, 8000));
  app.add_option("--streams", options.streams, "Texts together")->check(CLI::PositiveNumber);
  app.add_option("--repeat", options.repeat, "Median of so many")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "0 = all cores")->capture_default_str();
  app.add_flag("--tiny", options.tiny, "Random weights, a few thousand");
  CLI11_PARSE(app, argc, argv);

  const c10::InferenceMode inference;
  const ThreadScope scope(options.threads);
  const testing::TempDir folder;
  if (options.model.empty()) write_tiny_model(folder / "model", shape(options.tiny));
  const Model model =
      load_model(options.model.empty() ? folder / "model" : options.model, type_of(options.dtype));
  const Bench bench(model, options);
  bench.check();
  std::printf("checked: together as alone, cached as not\n");

  // In turn, so that all see the same load of the machine.
  ReadRate memory(std::size_t{1} << (options.tiny ? 24 : 30));
  std::vector<double> read, one, many, shares, gains;
  const auto bytes = static_cast<double>(weight_bytes(model));
  for (int repeat = 0; repeat < options.repeat; ++repeat) {
    const double before = memory.measure();
    const Written alone = bench.write(0, 1, options.tokens);
    const double after = memory.measure();
    const Written together = bench.write(0, options.streams, options.tokens);
    read.push_back((before + after) / 2);
    one.push_back(static_cast<double>(alone.tokens) / alone.seconds);
    many.push_back(static_cast<double>(together.tokens) / together.seconds);
    shares.push_back(one.back() * bytes / read.back());
    gains.push_back(many.back() / one.back());
    std::printf(
        "  read %6.2f GB/s   one %7.2f tokens/s, %5.1f %%   %lld together %8.2f, %5.2f "
        "times\n",
        read.back() / 1e9, one.back(), 100 * shares.back(), static_cast<long long>(options.streams),
        many.back(), gains.back());
  }
  std::printf("%s, %s, %zu threads, %.1f MB of weights a token, peak %.2f GiB\n",
              options.model.empty() ? "random weights" : options.model.c_str(),
              options.dtype.c_str(), worker_count(), bytes / 1e6,
              static_cast<double>(peak_memory_bytes()) / (1 << 30));
  std::printf(
      "medians: read %.2f GB/s, one text %.2f tokens/s (%.2f ms), share of reading %.1f %%, "
      "%lld texts %.2f tokens/s, %.2f times one\n",
      median(read) / 1e9, median(one), 1e3 / median(one), 100 * median(shares),
      static_cast<long long>(options.streams), median(many), median(gains));
  return 0;
}

}  // namespace
}  // namespace circuit::bench

int main(int argc, char** argv) {
  try {
    return circuit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_generate_bench: %s\n", error.what());
    return 1;
  }
}
