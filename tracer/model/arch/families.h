// The families that arch/*.cpp define, one constant each.
#pragma once

#include "tracer/model/architecture.h"

namespace circuit::arch {

extern const Architecture kLlama;
extern const Architecture kGpt2;

}  // namespace circuit::arch
