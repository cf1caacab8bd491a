#include "transcoders/weights/vector_file.h"

#include <cmath>
#include <stdexcept>

#include "transcoders/weights/dequantise.h"
#include "transcoders/weights/dtype.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

[[noreturn]] void fail(const VectorPlace& place, const std::string& what) {
  throw std::runtime_error("[read_vector] " + place.file.string() + ": " + what);
}

std::optional<GgmlType> plain_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return GgmlType::kF32;
    case Dtype::kF64:
      return GgmlType::kF64;
    case Dtype::kF16:
      return GgmlType::kF16;
    case Dtype::kBF16:
      return GgmlType::kBF16;
    default:
      return {};
  }
}

// Those that do not belong to another: `v` but not `v.count`.
std::vector<std::string> main_names(const SafetensorsFile& file) {
  std::vector<std::string> names;
  for (const std::string& name : file.names()) {
    if (const std::size_t dot = name.find('.');
        dot != std::string::npos && file.contains(name.substr(0, dot))) {
      continue;
    }
    names.push_back(name);
  }
  return names;
}

std::string choose_name(const SafetensorsFile& file, const VectorPlace& place) {
  const std::vector<std::string> names = main_names(file);
  if (!place.name.empty()) {
    if (file.contains(place.name)) return place.name;
  } else if (names.size() == 1) {
    return names.front();
  }
  std::string listed;
  for (std::size_t i = 0; i < names.size() && i < 5; ++i) {
    listed += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > 5) listed += ", …";
  fail(place, (place.name.empty() ? "it holds " + std::to_string(names.size()) + " tensors (" +
                                        listed + "), expected one, or FILE:NAME"
                                  : "there is no tensor '" + place.name + "', it holds " + listed));
}

}  // namespace

VectorPlace parse_vector_place(std::string_view text) {
  std::error_code ignored;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || std::filesystem::exists(text, ignored)) {
    return {.file = text, .name = {}};
  }
  return {.file = text.substr(0, colon), .name = std::string(text.substr(colon + 1))};
}

std::vector<float> read_vector(const VectorPlace& place, std::optional<std::int64_t> row) {
  const SafetensorsFile file = SafetensorsFile::open(place.file);
  const std::string name = choose_name(file, place);
  const TensorView& view = file.view(name);
  const bool is_table = view.shape.size() == 2 && row.has_value();
  if (!is_table && view.shape.size() != 1) {
    fail(place, name + " is " + to_string(view.shape) + ", expected [d_model]" +
                    (row ? " or [layers, d_model]" : ""));
  }
  const std::optional<GgmlType> type = plain_type(view.dtype);
  if (!type) {
    fail(place,
         name + " is " + std::string(name_of(view.dtype)) + ", expected F32, F64, F16 or BF16");
  }
  if (is_table && (*row < 0 || *row >= view.shape[0])) {
    fail(place, name + " has " + std::to_string(view.shape[0]) + " rows, row " +
                    std::to_string(*row) + " is asked for");
  }
  const auto length = static_cast<std::size_t>(view.shape.back());
  const std::size_t bytes = length * size_of(view.dtype);
  const std::size_t first = is_table ? static_cast<std::size_t>(*row) * bytes : 0;
  std::vector<float> values(length);
  dequantise(*type, view.bytes.subspan(first, bytes), values);
  for (std::size_t i = 0; i < length; ++i) {
    if (std::isfinite(values[i])) continue;
    fail(place, name + ": number " + std::to_string(i) +
                    (is_table ? " of row " + std::to_string(*row) : "") + " is not finite");
  }
  return values;
}

}  // namespace circuit
