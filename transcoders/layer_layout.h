// Where one layer of a directory of transcoders, or an SAE, keeps its tensors. Formats differ only
// in this; what is done with the tensors is in mapped_transcoders.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transcoders/weights/weight_file.h"

namespace circuit {

struct LayerLayout {
  std::filesystem::path encoder_file;  ///< holds every tensor but the decoder
  std::filesystem::path decoder_file;  ///< may be the same file

  std::string encoder;       ///< [n_features, d_model], or as below
  std::string encoder_bias;  ///< [n_features]
  std::string decoder_bias;  ///< [d_model]
  std::string threshold;     ///< optional: [n_features], [1] or []
  std::string skip;          ///< optional: [d_model, d_model], applied as x Wᵀ, or as below
  std::string k;             ///< optional: [1] or []; empty where the format has none
  std::string decoder;       ///< [n_features, d_model], or as below

  bool encoder_transposed = false;  ///< the encoder is [d_model, n_features]
  bool decoder_transposed = false;  ///< the decoder is [d_model, n_features]
  bool skip_transposed = false;     ///< the skip is applied as x W

  /// The decoder is [n_features, first_written + n_written, d_model]; what stands before
  /// `first_written` of the middle is of layers that the features cannot write to.
  std::optional<std::int64_t> n_written;
  std::int64_t first_written = 0;
  /// Or the decoder is these tensors [n_features, d_model], one a written layer; `decoder` is
  /// empty.
  std::vector<std::string> decoder_parts;

  /// The tensors of both files, when opening the files would not give them.
  std::optional<WeightFile> tensors;

  /// Other tensors of the files, known to take no part in the computation.
  std::vector<std::string> unused;
};

/// How many files PREFIX0.safetensors, PREFIX1.safetensors, … `directory` holds. Throws
/// std::runtime_error `[load_transcoders] …` naming the first that is missing before another.
std::int64_t count_layer_files(const std::filesystem::path& directory, std::string_view prefix);

}  // namespace circuit
