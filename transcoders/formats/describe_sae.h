// What a directory of an SAE holds, whichever format it is in.
#pragma once

#include <filesystem>
#include <optional>

#include "transcoders/formats/description.h"
#include "transcoders/sae.h"

namespace circuit {

struct DescribedSae {
  SaeInfo info;  ///< without what the tensors say
  LayerLayout layout;
  ActivationChoice activation;
  Rescaling rescaling;
};

/// Throws std::runtime_error `[load_sae] …`. With `hook` that is where it reads, whatever the files
/// say.
DescribedSae describe_sae(const std::filesystem::path& directory,
                          std::optional<SaeHook> hook = std::nullopt);

}  // namespace circuit
