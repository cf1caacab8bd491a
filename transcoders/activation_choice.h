// What a file that describes weights says about their activation; the tensors say the rest
// (open_layers.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "transcoders/activation.h"
#include "transcoders/config_reader.h"

namespace circuit {

struct ActivationChoice {
  std::filesystem::path said_in;       ///< the file, for messages
  std::optional<ActivationKind> kind;  ///< nothing: the tensors decide
  std::optional<std::int64_t> k;       ///< at least 1
  bool topk_relu = false;              ///< TopK: what is kept but negative becomes 0
  bool threshold_is_log = false;       ///< JumpReLU: the files hold its logarithm
  bool threshold_relu = false;         ///< JumpReLU: never lets a negative value pass
};

/// Keys `activation`, `k` and `topk_relu` of a config.yaml.
ActivationChoice read_activation_choice(const ConfigReader& reader);

/// "relu", "jumprelu", "topk" or "groupmax".
std::string_view name_of(ActivationKind kind);

}  // namespace circuit
