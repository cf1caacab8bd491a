// Explanations of features as Neuronpedia exports them, as labels.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "export/names/feature_labels.h"

namespace circuit {

struct LabelImportOptions {
  /// Only explanations of this source set, such as `gemmascope-transcoder-16k`. Empty = there must
  /// be only one.
  std::string source_set{};
  /// Only explanations by this model, such as `gpt-4o-mini`. Empty = all.
  std::string explainer{};
};

struct ImportedLabels {
  FeatureLabels labels;
  std::string model, source_set;  ///< what the explanations are of
  std::size_t explanations = 0;   ///< that were read
  std::size_t of_others = 0;      ///< of another source set or explainer
  std::size_t empty = 0;          ///< without a description
  std::size_t duplicates = 0;     ///< of a feature that had a label already
};

/// Reads files of JSON Lines (`explanations/batch-N.jsonl`) or with one JSON list, packed with gzip
/// or not. Of several explanations of a feature the first counts, in the order of the files and in
/// them. `layer` is `20-gemmascope-transcoder-16k`: layer, then source set.
/// Throws std::runtime_error `[import_labels] FILE:LINE: …`: no explanation, another model or
/// source set than before.
ImportedLabels import_labels(const std::vector<std::filesystem::path>& files,
                             const LabelImportOptions& options = {});

}  // namespace circuit
