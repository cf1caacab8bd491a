// The config.yaml of a transcoder directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "transcoders/activation_choice.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

struct TranscoderConfig {
  std::filesystem::path directory;
  std::string model_name;  ///< empty when not given
  std::string scan;        ///< empty when not given
  bool cross_layer = false;
  ReadSite read_site = ReadSite::kResidualMid;
  WriteSite write_site = WriteSite::kMlpOut;
  /// The list `transcoders`, one file per layer; relative paths are taken from the directory.
  /// Nothing when there is no list. Cross-layer: files of Gemma Scope 2.
  std::optional<std::vector<std::filesystem::path>> layer_files;
  ActivationChoice activation;
};

/// Reads DIRECTORY/config.yaml. Throws std::runtime_error
/// `[load_transcoders] FILE:LINE: KEY is FOUND, expected …`.
TranscoderConfig read_transcoder_config(const std::filesystem::path& directory);

}  // namespace circuit
