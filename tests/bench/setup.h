// What is measured: a model, transcoders and a prompt, given or made up in the shape of one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit::bench {

struct SetupOptions {
  std::filesystem::path model, transcoders;  ///< both, or neither: then random ones are written
  std::filesystem::path prompt_file;         ///< with a given model; else random tokens
  std::int64_t tokens = 11;                  ///< of a random prompt
  std::int64_t layers = 30;                  ///< of a random model
  bool cross_layer = false;                  ///< random transcoders
  bool tiny = false;                         ///< random model of a few thousand weights
};

struct Setup {
  explicit Setup(const SetupOptions& options);

  testing::TempDir folder;
  std::string name;
  Model model;
  std::unique_ptr<TranscoderSet> transcoders;
  std::vector<std::int32_t> ids;
};

}  // namespace circuit::bench
