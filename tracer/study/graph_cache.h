// The graphs that supernodes are chosen from, kept as files so that each prompt is traced once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tracer/study/study_file.h"
#include "tracer/study/study_model.h"
#include "tracer/study/traced_prompt.h"
#include "tracer/text/prompt_file.h"

namespace circuit {

class GraphCache {
 public:
  /// Files go to `folder`. Everything passed outlives it.
  GraphCache(std::filesystem::path folder, const StudyFile& study,
             const std::vector<PromptEntry>& prompts, StudyModel& model);

  /// Reads the prompt's graph, or traces it and writes the file. What goes wrong is kept for `at`.
  void load(std::size_t prompt);
  /// Throws std::runtime_error with what went wrong.
  const std::vector<TracedFeature>& at(std::size_t prompt) const;
  /// A hash of all that the graph depends on.
  std::string key(std::size_t prompt) const;

  std::size_t traced() const { return traced_; }  ///< not read

 private:
  AttributionOptions options_of(const PromptEntry& prompt) const;
  std::vector<TracedFeature> make(std::size_t prompt);

  std::filesystem::path folder_;
  const StudyFile& study_;
  const std::vector<PromptEntry>& prompts_;
  StudyModel& model_;
  std::string common_;  // of all keys
  std::map<std::size_t, std::vector<TracedFeature>> features_;
  std::map<std::size_t, std::string> errors_;
  std::size_t traced_ = 0;
};

/// What decides on a prompt's ids, as JSON.
std::string prompt_json(const PromptInput& prompt);

}  // namespace circuit
