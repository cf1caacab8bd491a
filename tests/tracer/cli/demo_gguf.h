// The demo's model as a GGUF file.
#pragma once

#include "tests/support/gguf_writer.h"

namespace circuit::cli::testing {

/// Weights (F16), sizes and tokenizer of the demo. The tokenizer has no key for the space that the
/// demo's own puts before a text: give texts with it.
circuit::testing::GgufWriter demo_gguf();

}  // namespace circuit::cli::testing
