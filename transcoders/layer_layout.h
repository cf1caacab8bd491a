// Where one layer of a transcoder directory keeps its tensors. The two kinds of directory differ
// only in this; what is done with the tensors is in mapped_transcoders.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

struct LayerLayout {
  std::filesystem::path encoder_file;  ///< holds every tensor but the decoder
  std::filesystem::path decoder_file;  ///< may be the same file

  std::string encoder;       ///< [n_features, d_model]
  std::string encoder_bias;  ///< [n_features]
  std::string decoder_bias;  ///< [d_model]
  std::string threshold;     ///< optional: [n_features], [1] or []
  std::string skip;          ///< optional: [d_model, d_model], applied as x Wᵀ
  std::string k;             ///< optional: [1] or []; empty where the format has none
  std::string decoder;       ///< [n_features, d_model], or as below

  /// The decoder is [n_features, n_written, d_model].
  std::optional<std::int64_t> n_written;
};

/// How many files PREFIX0.safetensors, PREFIX1.safetensors, … `directory` holds. Throws
/// std::runtime_error `[load_transcoders] …` naming the first that is missing before another.
std::int64_t count_layer_files(const std::filesystem::path& directory, std::string_view prefix);

}  // namespace circuit
