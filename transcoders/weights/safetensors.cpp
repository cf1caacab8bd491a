#include "transcoders/weights/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using simdjson::dom::element;

constexpr std::size_t kPrefix = 8;
// The format's own limit.
constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kMostDimensions = 16;

/// Where in a file something is wrong.
struct Place {
  const std::filesystem::path& path;
  std::string_view tensor = {};

  [[noreturn]] void fail(const std::string& what) const {
    std::string message = "[open_safetensors] " + path.string() + ": ";
    if (!tensor.empty()) message += "tensor " + printable_name(tensor) + ": ";
    throw std::runtime_error(message + what);
  }
};

std::uint64_t header_length(std::span<const std::byte> file, const Place& place) {
  if (file.size() < kPrefix) {
    place.fail("file has " + std::to_string(file.size()) + " bytes, expected at least 8");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kPrefix);
  if (length > file.size() - kPrefix) {
    place.fail("header length is " + std::to_string(length) + ", the file has only " +
               std::to_string(file.size() - kPrefix) +
               " bytes after it (truncated, or not a safetensors file)");
  }
  if (length > kLongestHeader) {
    place.fail("header length is " + std::to_string(length) + ", expected at most " +
               std::to_string(kLongestHeader));
  }
  return length;
}

std::map<std::string, std::string> read_metadata(const element& value, const Place& place) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) place.fail("__metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto [key, entry] : object) {
    std::string_view text;
    if (entry.get(text) != simdjson::SUCCESS) {
      place.fail("__metadata__ " + printable_name(key) + " is not a string");
    }
    if (!metadata.emplace(key, text).second) {
      place.fail("__metadata__ has " + printable_name(key) + " twice");
    }
  }
  return metadata;
}

std::vector<std::int64_t> read_shape(const element& value, const Place& place) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) place.fail("shape is not an array");
  std::vector<std::int64_t> shape;
  for (const element entry : array) {
    std::int64_t size = 0;
    if (entry.get(size) != simdjson::SUCCESS || size < 0) {
      place.fail("shape has " + simdjson::minify(entry) +
                 ", expected whole numbers from 0 to 2^63-1");
    }
    if (shape.size() == kMostDimensions) {
      place.fail("shape has more than " + std::to_string(kMostDimensions) + " dimensions");
    }
    shape.push_back(size);
  }
  return shape;
}

/// Bytes that a tensor of this shape takes; nothing when they do not fit in 63 bits.
std::optional<std::uint64_t> bytes_of(const std::vector<std::int64_t>& shape, Dtype dtype) {
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::uint64_t total = size_of(dtype);
  for (const std::int64_t size : shape) {
    if (static_cast<std::uint64_t>(size) > kMost / total) return std::nullopt;
    total *= static_cast<std::uint64_t>(size);
  }
  return total;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::string to_text(Range range) {
  return "[" + std::to_string(range.begin) + ", " + std::to_string(range.end) + "]";
}

Range read_offsets(const element& value, std::size_t data_size, const Place& place) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS || array.size() != 2) {
    place.fail("data_offsets is not an array of two numbers");
  }
  Range range;
  if (array.at(0).get(range.begin) != simdjson::SUCCESS ||
      array.at(1).get(range.end) != simdjson::SUCCESS) {
    place.fail("data_offsets is " + simdjson::minify(value) +
               ", expected two whole numbers from 0 on");
  }
  if (range.begin > range.end) {
    place.fail("data_offsets is " + to_text(range) + ", expected the begin first");
  }
  if (range.end > data_size) {
    place.fail("data_offsets is " + to_text(range) + ", the file has only " +
               std::to_string(data_size) + " bytes of data (truncated?)");
  }
  return range;
}

/// The three fields of a tensor's entry.
struct Entry {
  std::optional<element> dtype, shape, data_offsets;
};

Entry read_entry(const element& value, const Place& place) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) place.fail("entry is not an object");
  Entry entry;
  const std::array<std::pair<std::string_view, std::optional<element>*>, 3> fields{{
      {"dtype", &entry.dtype},
      {"shape", &entry.shape},
      {"data_offsets", &entry.data_offsets},
  }};
  for (const auto [key, field_value] : object) {
    for (const auto& [name, field] : fields) {
      if (key != name) continue;
      if (field->has_value()) place.fail("entry has " + printable_name(key) + " twice");
      *field = field_value;
    }
  }
  for (const auto& [name, field] : fields) {
    if (!field->has_value()) place.fail("entry has no " + printable_name(name));
  }
  return entry;
}

Dtype read_dtype(const element& value, const Place& place) {
  std::string_view name;
  if (value.get(name) != simdjson::SUCCESS) place.fail("dtype is not a string");
  try {
    return dtype_from_name(name);
  } catch (const std::runtime_error& error) {
    const std::string_view message = error.what();
    place.fail(std::string(message.substr(message.find("] ") + 2)));
  }
}

TensorView read_tensor(const element& value, std::span<const std::byte> data, const Place& place) {
  const Entry entry = read_entry(value, place);
  TensorView view;
  view.dtype = read_dtype(*entry.dtype, place);
  view.shape = read_shape(*entry.shape, place);
  const Range range = read_offsets(*entry.data_offsets, data.size(), place);
  const std::optional<std::uint64_t> needed = bytes_of(view.shape, view.dtype);
  const std::string described = std::string(name_of(view.dtype)) + " " + to_string(view.shape);
  if (!needed) place.fail(described + " is larger than any file");
  if (*needed != range.end - range.begin) {
    place.fail("data_offsets " + to_text(range) + " hold " +
               std::to_string(range.end - range.begin) + " bytes, " + described + " needs " +
               std::to_string(*needed));
  }
  view.bytes = data.subspan(range.begin, *needed);
  return view;
}

using Tensors = decltype(TensorTable::tensors);

void check_overlap(const Tensors& tensors, const std::filesystem::path& path) {
  std::vector<const Tensors::value_type*> order;
  for (const auto& tensor : tensors) {
    if (!tensor.second.bytes.empty()) order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, [](const auto* tensor) { return tensor->second.bytes.data(); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::span<const std::byte> before = order[i - 1]->second.bytes;
    if (before.data() + before.size() > order[i]->second.bytes.data()) {
      Place{path, order[i]->first}.fail("its data overlaps that of " +
                                        printable_name(order[i - 1]->first));
    }
  }
}

}  // namespace

struct SafetensorsFile::Contents : TensorTable {
  explicit Contents(const std::filesystem::path& file)
      : TensorTable{.path = file, .tensors = {}}, map(file, "open_safetensors") {}

  MappedFile map;
  std::map<std::string, std::string> metadata;
};

const TensorView& TensorTable::view(std::string_view name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    throw std::runtime_error("[read_tensor] " + path.string() + ": no tensor " +
                             printable_name(name) + " among " + std::to_string(tensors.size()));
  }
  return found->second;
}

std::vector<std::string> TensorTable::names() const {
  std::vector<std::string> names;
  names.reserve(tensors.size());
  for (const auto& [name, view] : tensors) names.push_back(name);
  return names;
}

std::int64_t TensorView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

std::string to_string(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>(path);
  const std::span<const std::byte> bytes = contents->map.bytes();
  const Place place{path};
  const std::uint64_t length = header_length(bytes, place);
  const std::span<const std::byte> data = bytes.subspan(kPrefix + length);

  simdjson::dom::parser parser;
  simdjson::dom::object header;
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + kPrefix;
  const auto error = parser.parse(text, length, /*realloc_if_needed=*/true).get(header);
  if (error != simdjson::SUCCESS) {
    place.fail(std::string("header is not a JSON object: ") + simdjson::error_message(error));
  }
  bool has_metadata = false;
  for (const auto [name, value] : header) {
    if (name == "__metadata__") {
      if (std::exchange(has_metadata, true)) place.fail("header has __metadata__ twice");
      contents->metadata = read_metadata(value, place);
      continue;
    }
    const Place tensor_place{path, name};
    if (!contents->tensors.emplace(name, read_tensor(value, data, tensor_place)).second) {
      tensor_place.fail("the name stands twice in the header");
    }
  }
  check_overlap(contents->tensors, path);
  SafetensorsFile file;
  file.contents_ = std::move(contents);
  return file;
}

const std::filesystem::path& SafetensorsFile::path() const { return contents_->path; }

bool SafetensorsFile::contains(std::string_view name) const {
  return contents_->tensors.contains(name);
}

const TensorView& SafetensorsFile::view(std::string_view name) const {
  return contents_->view(name);
}

std::vector<std::string> SafetensorsFile::names() const { return contents_->names(); }

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return contents_->metadata;
}

std::shared_ptr<const void> SafetensorsFile::mapping() const { return contents_; }

std::shared_ptr<const TensorTable> SafetensorsFile::table() const { return contents_; }

void advise(const TensorView& view, AccessPattern pattern) {
  if (view.bytes.empty()) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(view.bytes.data());
  const std::uintptr_t begin = address / page * page;
  const int advice = pattern == AccessPattern::kRandom ? MADV_RANDOM : MADV_SEQUENTIAL;
  // Only a hint: a kernel that refuses it still reads correctly.
  static_cast<void>(
      ::madvise(reinterpret_cast<void*>(begin), address - begin + view.bytes.size(), advice));
}

}  // namespace circuit
