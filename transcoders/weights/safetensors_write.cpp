#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

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

using Declared = SafetensorsWriter::Tensor;

/// Bytes that the tensor takes; saturates, and more than any span holds never equals its size.
std::size_t bytes_of(const std::filesystem::path& path, const Declared& tensor) {
  if (tensor.name == "__metadata__") refuse(path, "no tensor may be called __metadata__");
  const bool holds_none = std::ranges::find(tensor.shape, 0) != tensor.shape.end();
  std::size_t needed = holds_none ? 0 : size_of(tensor.dtype);
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) {
      refuse(path, "tensor " + printable_name(tensor.name) + " is " + to_string(tensor.shape));
    }
    if (needed == 0) continue;
    const std::size_t most = std::numeric_limits<std::size_t>::max();
    const auto factor = static_cast<std::size_t>(size);
    needed = needed > most / factor ? most : needed * factor;
  }
  return needed;
}

std::string entry_of(const std::filesystem::path& path, const Declared& tensor, std::size_t begin) {
  std::string shape;
  for (const std::int64_t size : tensor.shape) {
    shape += (shape.empty() ? "" : ",") + std::to_string(size);
  }
  return json_string(path, tensor.name) + ":{\"dtype\":\"" + std::string(name_of(tensor.dtype)) +
         "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(begin + bytes_of(path, tensor)) + "]}";
}

/// The length prefix, the JSON and the spaces that bring both to a multiple of 8.
std::string header_of(const std::filesystem::path& path, std::span<const Declared> tensors,
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
  for (const Declared& tensor : tensors) {
    separate();
    entries += entry_of(path, tensor, offset);
    offset += bytes_of(path, tensor);
  }
  std::string json = "{" + entries + "}";
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string prefix(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    prefix[i] = static_cast<char>((json.size() >> (8 * i)) & 0xFFU);
  }
  return prefix + json;
}

/// Ascending: wider types first, then by name.
auto place_of(Dtype dtype, std::string_view name) {
  return std::make_tuple(-static_cast<std::int64_t>(size_of(dtype)), name);
}

void check_names(const std::filesystem::path& path, std::span<const Declared> tensors) {
  std::vector<std::string_view> names;
  for (const Declared& tensor : tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) refuse(path, "tensor " + printable_name(*twice) + " stands twice");
}

}  // namespace

struct SafetensorsWriter::State {
  std::vector<Tensor> order;
  std::size_t missing = 0;  // bytes
  std::optional<AtomicFile> file;
};

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, std::vector<Tensor> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : state_(std::make_unique<State>()) {
  for (const Tensor& tensor : tensors) state_->missing += bytes_of(path, tensor);
  std::ranges::sort(tensors, {},
                    [](const Tensor& tensor) { return place_of(tensor.dtype, tensor.name); });
  check_names(path, tensors);
  const std::string header = header_of(path, tensors, metadata);
  state_->order = std::move(tensors);
  state_->file.emplace(path, kOperation);
  state_->file->write(header);
}

SafetensorsWriter::~SafetensorsWriter() = default;

const std::vector<SafetensorsWriter::Tensor>& SafetensorsWriter::order() const {
  return state_->order;
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (bytes.size() > state_->missing) {
    throw std::logic_error("[write_safetensors] " + std::to_string(bytes.size()) +
                           " bytes, expected at most " + std::to_string(state_->missing) + " more");
  }
  state_->missing -= bytes.size();
  state_->file->write(bytes);
}

void SafetensorsWriter::commit() {
  if (state_->missing != 0) {
    throw std::logic_error("[write_safetensors] " + std::to_string(state_->missing) +
                           " bytes are missing");
  }
  state_->file->commit();
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<Declared> declared;
  for (const TensorToWrite& tensor : tensors) {
    declared.push_back({.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape});
    const std::size_t needed = bytes_of(path, declared.back());
    if (needed == tensor.bytes.size()) continue;
    refuse(path, "tensor " + printable_name(tensor.name) + " has " +
                     std::to_string(tensor.bytes.size()) + " bytes, " +
                     std::string(name_of(tensor.dtype)) + " " + to_string(tensor.shape) +
                     " needs " + std::to_string(needed));
  }
  std::ranges::sort(
      tensors, {}, [](const TensorToWrite& tensor) { return place_of(tensor.dtype, tensor.name); });
  SafetensorsWriter writer(path, std::move(declared), metadata);
  for (const TensorToWrite& tensor : tensors) writer.write(tensor.bytes);
  writer.commit();
}

}  // namespace circuit
