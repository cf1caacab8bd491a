#include "export/viewer/viewer_settings.h"

#include <algorithm>
#include <utility>

#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"batch-size", "batch_size"},          {"logit-prob", "desired_logit_prob"},
    {"max-features", "max_feature_nodes"}, {"max-logits", "max_n_logits"},
    {"target_ids", "target_ids"},          {"vocabulary_size", "vocabulary_size"},
};

}  // namespace

std::string viewer_setting(std::string_view option) {
  while (option.starts_with('-')) option.remove_prefix(1);
  for (const auto& [ours, theirs] : kNames) {
    if (option == ours) return std::string(theirs);
  }
  std::string key = valid_utf8(option);
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string setting_of_viewers(std::string_view key) {
  for (const auto& [ours, theirs] : kNames) {
    if (key == theirs) return std::string(ours);
  }
  std::string option(key);
  std::ranges::replace(option, '_', '-');
  return option;
}

}  // namespace circuit
