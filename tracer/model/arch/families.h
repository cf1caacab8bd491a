// The families that arch/*.cpp define, one constant each.
#pragma once

#include "tracer/model/architecture.h"

namespace circuit::arch {

extern const Architecture kLlama;
extern const Architecture kGpt2;
extern const Architecture kMistral;
extern const Architecture kQwen2;
extern const Architecture kQwen3;
extern const Architecture kGemma2;
extern const Architecture kGemma3;
extern const Architecture kGemma3WithVision;

}  // namespace circuit::arch
