// A tiny random model with tiny random transcoders, loaded: every combination that the project
// supports, for tests that walk them all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_transcoders.h"
#include "tracer/model/model.h"
#include "transcoders/transcoder_set.h"

namespace circuit::testing {

struct TinyCase {
  std::string name;
  TinyModelSpec model;
  TinyTranscoderSpec transcoders;
};

/// Every model variant with one kind of transcoder each; every kind of transcoder, read site and
/// write site with Llama, GPT-2 and Gemma 2, the telling ones with every other family.
std::vector<TinyCase> all_tiny_cases();

struct TinySetup {
  TinySetup(const TinyCase& tiny, at::ScalarType dtype);

  TempDir directory;
  Model model;
  std::unique_ptr<TranscoderSet> transcoders;
};

}  // namespace circuit::testing
