#include "transcoders/weights/weight_file.h"

#include "transcoders/weights/npz.h"

namespace circuit {

WeightFile WeightFile::open(const std::filesystem::path& path) {
  if (path.extension() == ".npz") return WeightFile(open_npz(path));
  return SafetensorsFile::open(path);
}

}  // namespace circuit
