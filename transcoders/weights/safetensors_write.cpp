#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

#include <simdjson.h>

#include "transcoders/weights/atomic_file.h"
#include "transcoders/weights/printable_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

constexpr std::string_view kOperation = "write_safetensors";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw std::invalid_argument("[write_safetensors] " + path.string() + ": " + what);
}

std::string json_string(const std::filesystem::path& path, std::string_view text) {
  if (!simdjson::validate_utf8(text)) refuse(path, printable_name(text) + " is not UTF-8");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string json = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      json += {'\\', character};
    } else if (character == '\n') {
      json += "\\n";
    } else if (byte < 0x20) {
      json += "\\u00";
      json += {kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    } else {
      json += character;
    }
  }
  return json + '"';
}

void check_tensor(const std::filesystem::path& path, const TensorToWrite& tensor) {
  if (tensor.name == "__metadata__") refuse(path, "no tensor may be called __metadata__");
  const bool holds_none = std::ranges::find(tensor.shape, 0) != tensor.shape.end();
  std::size_t needed = holds_none ? 0 : size_of(tensor.dtype);
  for (const std::int64_t size : tensor.shape) {
    if (size < 0)
      refuse(path, "tensor " + printable_name(tensor.name) + " is " + to_string(tensor.shape));
    if (needed == 0) continue;
    // Saturates: more than any span holds never equals its size.
    const std::size_t most = std::numeric_limits<std::size_t>::max();
    const auto factor = static_cast<std::size_t>(size);
    needed = needed > most / factor ? most : needed * factor;
  }
  if (needed != tensor.bytes.size()) {
    refuse(path, "tensor " + printable_name(tensor.name) + " has " +
                     std::to_string(tensor.bytes.size()) + " bytes, " +
                     std::string(name_of(tensor.dtype)) + " " + to_string(tensor.shape) +
                     " needs " + std::to_string(needed));
  }
}

std::string entry_of(const std::filesystem::path& path, const TensorToWrite& tensor,
                     std::size_t begin) {
  std::string shape;
  for (const std::int64_t size : tensor.shape) {
    shape += (shape.empty() ? "" : ",") + std::to_string(size);
  }
  return json_string(path, tensor.name) + ":{\"dtype\":\"" + std::string(name_of(tensor.dtype)) +
         "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(begin + tensor.bytes.size()) + "]}";
}

/// The length prefix, the JSON and the spaces that bring both to a multiple of 8.
std::string header_of(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                      const std::map<std::string, std::string>& metadata) {
  std::string entries;
  const auto separate = [&entries] { entries += entries.empty() ? "" : ","; };
  if (!metadata.empty()) {
    std::string pairs;
    for (const auto& [key, value] : metadata) {
      pairs += (pairs.empty() ? "" : ",") + json_string(path, key) + ":" + json_string(path, value);
    }
    entries = "\"__metadata__\":{" + pairs + "}";
  }
  std::size_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    separate();
    entries += entry_of(path, tensor, offset);
    offset += tensor.bytes.size();
  }
  std::string json = "{" + entries + "}";
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string prefix(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    prefix[i] = static_cast<char>((json.size() >> (8 * i)) & 0xFFU);
  }
  return prefix + json;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  for (const TensorToWrite& tensor : tensors) check_tensor(path, tensor);
  std::ranges::sort(tensors, [](const TensorToWrite& a, const TensorToWrite& b) {
    return std::make_tuple(size_of(b.dtype), std::string_view(a.name)) <
           std::make_tuple(size_of(a.dtype), std::string_view(b.name));
  });
  std::vector<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) refuse(path, "tensor " + printable_name(*twice) + " stands twice");

  const std::string header = header_of(path, tensors, metadata);
  AtomicFile file(path, kOperation);
  file.write(header);
  for (const TensorToWrite& tensor : tensors) file.write(tensor.bytes);
  file.commit();
}

}  // namespace circuit
