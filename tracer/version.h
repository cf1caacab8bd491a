// The version of this build, as graph files and `circuit --version` give it.
#pragma once

namespace circuit {

inline constexpr const char* kVersion = CIRCUIT_VERSION;

}  // namespace circuit
