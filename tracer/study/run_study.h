// Runs a study (docs/studies.md) on a model: what is not finished yet, then all tables and
// pictures.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tracer/options.h"
#include "tracer/study/study_file.h"
#include "tracer/study/study_inputs.h"
#include "tracer/study/study_model.h"

namespace circuit {

struct StudyRunOptions {
  std::filesystem::path folder;  ///< of everything that is written
  std::string version;           ///< of this program, on which cells depend
  bool force = false;            ///< takes supernode files of other transcoders
  Progress progress;
  std::function<void(const std::string&)> warn;  ///< called with one line each
};

/// A claim as reports show it.
struct StudyVerdict {
  std::vector<std::string> group;
  std::string intervention;
  double strength = 0;
  bool holds = false;
  std::string text;
};

struct StudyRunReport {
  std::size_t units = 0;    ///< prompts or pairs tested
  std::size_t cells = 0;    ///< finished, of this run and earlier ones
  std::size_t already = 0;  ///< of them, before this run
  std::size_t left_out = 0;
  std::size_t failed = 0;
  std::size_t traced = 0;  ///< graphs made by this run
  std::vector<StudyVerdict> verdicts;
  std::vector<std::filesystem::path> files;
};

/// All that can be known without a model: files that it names are read. Throws as
/// `read_study_inputs` and `check_plots` do.
void check_study(const StudyFile& study);

/// Throws std::runtime_error for what has nothing to do with a cell: files, the model, the folder.
/// A cell that fails is counted, and `errors.jsonl` says why.
StudyRunReport run_study(StudyFile study, StudyModel& model, const StudyRunOptions& options);

}  // namespace circuit
