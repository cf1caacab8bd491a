// Public transcoder sets that are known to work, as data. Nothing here goes to the network.
#pragma once

#include <span>
#include <string_view>

namespace circuit::cli {

struct KnownSet {
  std::string_view name;        ///< what `--fetch-list` takes
  std::string_view model;       ///< the model's repository, or its name
  std::string_view holds;       ///< kind and size
  std::string_view repository;  ///< OWNER/NAME
  std::string_view folder;      ///< in it; empty: the whole of it
  /// config.yaml there names files of another repository, which are fetched in a second step.
  bool lists_files = false;
};

/// Ascending by model and name.
std::span<const KnownSet> known_sets();

}  // namespace circuit::cli
