#include "transcoders/formats/description.h"

#include <stdexcept>

namespace circuit {

void fail_format(const std::string& operation, const std::filesystem::path& path,
                 const std::string& what) {
  throw std::runtime_error("[" + operation + "] " + path.string() + ": " + what);
}

}  // namespace circuit
