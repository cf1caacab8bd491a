#include "tracer/cli/known_sets.h"

#include <array>

namespace circuit::cli {
namespace {

// Those that the readme and the tests of circuit-tracer name.
constexpr std::array<KnownSet, 15> kSets{{
    {"gemma-2-2b", "google/gemma-2-2b", "per-layer, Gemma Scope, 16,384 features",
     "mntss/gemma-scope-transcoders", "", true},
    {"gemma-2-2b-clt-426k", "google/gemma-2-2b", "cross-layer, 426,000 features",
     "mntss/clt-gemma-2-2b-426k", "", false},
    {"gemma-2-2b-clt-2.5m", "google/gemma-2-2b", "cross-layer, 2.5 million features",
     "mntss/clt-gemma-2-2b-2.5M", "", false},
    {"gemma-3-270m-clt", "google/gemma-3-270m", "cross-layer, Gemma Scope 2, affine skip",
     "mwhanna/gemma-scope-2-270m-pt", "clt/width_262k_l0_medium_affine", true},
    {"gemma-3-1b", "google/gemma-3-1b-pt", "per-layer, Gemma Scope 2, affine skip",
     "mwhanna/gemma-scope-2-1b-pt", "transcoder_all/width_16k_l0_small_affine", true},
    {"gemma-3-1b-it", "google/gemma-3-1b-it", "per-layer, Gemma Scope 2, affine skip",
     "mwhanna/gemma-scope-2-1b-it", "transcoder_all/width_16k_l0_small_affine", true},
    {"gemma-3-4b", "google/gemma-3-4b-pt", "per-layer, Gemma Scope 2, affine skip",
     "mwhanna/gemma-scope-2-4b-pt", "transcoder_all/width_16k_l0_small_affine", true},
    {"gemma-3-27b", "google/gemma-3-27b-pt", "per-layer, Gemma Scope 2",
     "mwhanna/gemma-scope-2-27b-pt", "transcoder_all/width_262k_l0_small", true},
    {"llama-3.2-1b", "meta-llama/Llama-3.2-1B", "per-layer, ReLU, skip",
     "mntss/transcoder-Llama-3.2-1B", "", false},
    {"llama-3.2-1b-clt", "meta-llama/Llama-3.2-1B", "cross-layer, 524,000 features",
     "mntss/clt-llama-3.2-1b-524k", "", false},
    {"qwen3-0.6b", "Qwen3-0.6B", "per-layer", "mwhanna/qwen3-0.6b-transcoders-lowl0", "", false},
    {"qwen3-1.7b", "Qwen3-1.7B", "per-layer", "mwhanna/qwen3-1.7b-transcoders-lowl0", "", false},
    {"qwen3-4b", "Qwen3-4B", "per-layer", "mwhanna/qwen3-4b-transcoders", "", false},
    {"qwen3-8b", "Qwen3-8B", "per-layer", "mwhanna/qwen3-8b-transcoders", "", false},
    {"qwen3-14b", "Qwen3-14B", "per-layer", "mwhanna/qwen3-14b-transcoders-lowl0", "", false},
}};

}  // namespace

std::span<const KnownSet> known_sets() { return kSets; }

}  // namespace circuit::cli
