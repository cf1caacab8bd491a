// What a directory of any format says about its transcoders or its SAE before a tensor is read.
// Every format yields these; what is done with them is the same for all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "transcoders/activation_choice.h"
#include "transcoders/formats/hook_place.h"
#include "transcoders/layer_layout.h"
#include "transcoders/rescaled_transcoders.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// One directory with one encoder and one decoder: a layer of a transcoder set, or an SAE.
struct DictionaryDescription {
  std::filesystem::path directory;
  std::string format;
  std::string model_name;                  ///< may be empty
  std::optional<HookPlace> reads, writes;  ///< equal for an SAE; nothing: the files do not say
  std::string hook_text;                   ///< how the files name it, for messages
  LayerLayout layout;
  ActivationChoice activation;
  bool is_sae = false;
  bool apply_b_dec_to_input = false;
  /// The activation sees pre-activations times the norm of the decoder row.
  bool decoder_norms_select = false;
};

/// A set of transcoders, per-layer or cross-layer.
struct SetDescription {
  std::string format;
  std::string model_name;
  std::string scan;
  bool cross_layer = false;
  ReadSite read_site = ReadSite::kResidualMid;
  WriteSite write_site = WriteSite::kMlpOut;
  std::vector<LayerLayout> layouts;
  ActivationChoice activation;
  Rescaling rescaling;
};

/// Throws std::runtime_error `[operation] PATH: WHAT`.
[[noreturn]] void fail_format(const std::string& operation, const std::filesystem::path& path,
                              const std::string& what);

}  // namespace circuit
