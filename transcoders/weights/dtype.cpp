#include "transcoders/weights/dtype.h"

#include <array>
#include <stdexcept>
#include <string>

#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration, which `row_of` indexes.
constexpr std::array<DtypeRow, 10> kDtypes{{
    {Dtype::kF64, "F64", 8},
    {Dtype::kF32, "F32", 4},
    {Dtype::kF16, "F16", 2},
    {Dtype::kBF16, "BF16", 2},
    {Dtype::kI64, "I64", 8},
    {Dtype::kI32, "I32", 4},
    {Dtype::kI16, "I16", 2},
    {Dtype::kI8, "I8", 1},
    {Dtype::kU8, "U8", 1},
    {Dtype::kBool, "BOOL", 1},
}};

const DtypeRow& row_of(Dtype dtype) { return kDtypes.at(static_cast<std::size_t>(dtype)); }

}  // namespace

std::size_t size_of(Dtype dtype) { return row_of(dtype).size; }

std::string_view name_of(Dtype dtype) { return row_of(dtype).name; }

Dtype dtype_from_name(std::string_view name) {
  for (const DtypeRow& row : kDtypes) {
    if (row.name == name) return row.dtype;
  }
  std::string known;
  for (const DtypeRow& row : kDtypes) known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw std::runtime_error("[dtype_from_name] type is " + printable_name(name) +
                           ", expected one of " + known);
}

}  // namespace circuit
