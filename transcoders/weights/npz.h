// NumPy archives: a zip file with one array per member. Non-goals: objects, structured and
// big-endian types, encrypted archives, writing.
#pragma once

#include <filesystem>
#include <memory>

#include "transcoders/weights/safetensors.h"

namespace circuit {

/// The arrays of an npz file by name, without `.npy`. Stored members are views of the mapped file;
/// compressed ones are unpacked here, to at most 4 times the file's size and a MiB together. Types
/// f2, f4, f8, i1, i2, i4, i8, u1, bool, and V2 (how NumPy saves bfloat16). Throws
/// std::runtime_error `[open_npz] PATH: …` for anything that is not such a file.
std::shared_ptr<const TensorTable> open_npz(const std::filesystem::path& path);

}  // namespace circuit
