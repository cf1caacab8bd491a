// The dimensions and kinds of a model from the keys of its GGUF file.
#pragma once

#include "tracer/model/config.h"
#include "transcoders/weights/gguf.h"

namespace circuit {

/// As `read_model_config`, of an open file.
ModelConfig read_gguf_config(const GgufFile& file);

}  // namespace circuit
