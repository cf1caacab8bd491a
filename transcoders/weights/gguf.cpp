#include "transcoders/weights/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/printable_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

constexpr std::size_t kDefaultAlignment = 32;
// Deeper than any writer goes; keeps a hostile file from exhausting the stack.
constexpr int kDeepestArray = 8;
// The fewest bytes of an entry (key, type, value) and of a tensor (name, axes, type, offset): a
// count above what the rest of the file can hold is refused before memory is taken for it.
constexpr std::size_t kSmallestEntry = 8 + 4 + 1;
constexpr std::size_t kSmallestTensor = 8 + 4 + 4 + 8;

struct Place {
  const std::filesystem::path& path;

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[open_gguf] " + path.string() + ": " + what);
  }
};

// Walks the header; nothing is read before it is known to be inside the file.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const Place& place) : bytes_(bytes), place_(place) {}

  std::size_t offset() const { return offset_; }
  std::size_t left() const { return bytes_.size() - offset_; }

  template <class T>
  T number(std::string_view what) {
    T value{};
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string_view text(std::string_view what) {
    const auto length = number<std::uint64_t>(what);
    const auto taken = take(length, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  GgufValueType value_type(std::string_view key) {
    const auto type = number<std::uint32_t>("the type of a value");
    if (type > static_cast<std::uint32_t>(GgufValueType::kF64)) {
      place_.fail("key " + printable_name(key) + " has type " + std::to_string(type) +
                  ", expected 0 to 12");
    }
    return static_cast<GgufValueType>(type);
  }

  /// A count of things that take at least `smallest` bytes each.
  std::size_t count(std::size_t smallest, const std::string& what) {
    const auto count = number<std::uint64_t>(what);
    if (count > left() / smallest) {
      place_.fail(what + " is " + std::to_string(count) + ", more than the " +
                  std::to_string(left()) + " bytes after it can hold");
    }
    return static_cast<std::size_t>(count);
  }

  /// Moves past `count` values; their bytes.
  std::span<const std::byte> values(GgufValueType type, std::size_t count, std::string_view key,
                                    int depth) {
    const std::size_t begin = offset_;
    if (const std::size_t size = size_of(type); size > 0) {
      take(size * count, "a value");  // array counts are within the file, so this cannot overflow
    } else if (type == GgufValueType::kText) {
      for (std::size_t i = 0; i < count; ++i) text("a string");
    } else {
      if (depth >= kDeepestArray) {
        place_.fail("key " + printable_name(key) + " nests arrays deeper than " +
                    std::to_string(kDeepestArray));
      }
      for (std::size_t i = 0; i < count; ++i) {
        const GgufValueType element = value_type(key);
        values(element, array_count(element, key), key, depth + 1);
      }
    }
    return bytes_.subspan(begin, offset_ - begin);
  }

  std::size_t array_count(GgufValueType element, std::string_view key) {
    const std::size_t fixed = size_of(element);
    const std::size_t smallest = element == GgufValueType::kArray ? 12 : fixed > 0 ? fixed : 8;
    return count(smallest, "the length of array " + printable_name(key));
  }

 private:
  std::span<const std::byte> take(std::uint64_t size, std::string_view what) {
    if (size > left()) {
      place_.fail(std::string(what) + " at byte " + std::to_string(offset_) + " needs " +
                  std::to_string(size) + " bytes, the file has " + std::to_string(left()) +
                  " there (truncated, or not a GGUF file)");
    }
    const auto taken = bytes_.subspan(offset_, static_cast<std::size_t>(size));
    offset_ += static_cast<std::size_t>(size);
    return taken;
  }

  std::span<const std::byte> bytes_;
  const Place& place_;
  std::size_t offset_ = 0;
};

std::uint32_t read_version(Cursor& cursor, const Place& place) {
  if (cursor.number<std::uint32_t>("the magic number") != 0x46554747U) {
    place.fail("does not begin with \"GGUF\"");
  }
  const auto version = cursor.number<std::uint32_t>("the version");
  if (version != 0 && (version & 0xFFFFU) == 0) {
    place.fail("is big-endian, expected little-endian");
  }
  if (version != 2 && version != 3) {
    place.fail("is of version " + std::to_string(version) + ", expected 2 or 3");
  }
  return version;
}

GgufEntry read_entry(Cursor& cursor) {
  GgufEntry entry;
  entry.key = cursor.text("a key");
  entry.type = cursor.value_type(entry.key);
  entry.is_array = entry.type == GgufValueType::kArray;
  if (entry.is_array) {
    entry.type = cursor.value_type(entry.key);
    entry.size = cursor.array_count(entry.type, entry.key);
  }
  entry.bytes = cursor.values(entry.type, entry.size, entry.key, entry.is_array ? 1 : 0);
  return entry;
}

// Axes as the file has them, innermost first.
struct Axes {
  std::uint32_t n = 0;
  std::array<std::uint64_t, GgufTensorView::kMostAxes> sizes{};
};

Axes read_axes(Cursor& cursor, std::string_view name, const Place& place) {
  Axes axes;
  axes.n = cursor.number<std::uint32_t>("a number of axes");
  if (axes.n > axes.sizes.size()) {
    place.fail("tensor " + printable_name(name) + " has " + std::to_string(axes.n) +
               " axes, expected at most " + std::to_string(axes.sizes.size()));
  }
  for (std::uint32_t i = 0; i < axes.n; ++i) {
    axes.sizes[i] = cursor.number<std::uint64_t>("a size");
  }
  return axes;
}

// Where the tensor's data begins is known only behind the last of these.
void skip_tensor(Cursor& cursor, const Place& place) {
  read_axes(cursor, cursor.text("a tensor's name"), place);
  cursor.number<std::uint32_t>("a tensor's type");
  cursor.number<std::uint64_t>("a tensor's offset");
}

std::size_t bytes_of(const GgufTensorView& view, std::span<const std::byte> data,
                     const Place& place) {
  const std::string described = "tensor " + printable_name(view.name) + " is " +
                                std::string(name_of(view.type)) + " " + to_string(view.shape());
  const std::size_t block = block_elements(view.type);
  const auto row = static_cast<std::size_t>(view.n_axes == 0 ? 1 : view.sizes[view.n_axes - 1]);
  if (row % block != 0) {
    place.fail(described + ", expected rows of whole blocks of " + std::to_string(block));
  }
  std::size_t blocks = row / block;
  for (std::uint32_t i = 0; i + 1 < view.n_axes; ++i) {
    const auto size = static_cast<std::size_t>(view.sizes[i]);
    if (size > 0 && blocks > data.size() / size) {
      place.fail(described + ", more than the file can hold");
    }
    blocks *= size;
  }
  if (blocks > data.size() / block_bytes(view.type)) {
    place.fail(described + ", more than the file can hold");
  }
  return blocks * block_bytes(view.type);
}

GgufTensorView read_tensor(Cursor& cursor, std::span<const std::byte> data, std::size_t alignment,
                           const Place& place) {
  GgufTensorView view;
  view.name = cursor.text("a tensor's name");
  const Axes axes = read_axes(cursor, view.name, place);
  const auto fail = [&](const std::string& what) {
    place.fail("tensor " + printable_name(view.name) + " " + what);
  };
  view.n_axes = axes.n;
  for (std::uint32_t i = 0; i < axes.n; ++i) {
    const std::uint64_t size = axes.sizes[axes.n - 1 - i];
    if (size > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      fail("has size " + std::to_string(size) + ", more than the file can hold");
    }
    view.sizes[i] = static_cast<std::int64_t>(size);
  }
  const auto number = cursor.number<std::uint32_t>("a tensor's type");
  const std::optional<GgmlType> type = ggml_type(number);
  if (!type) fail("has type " + std::to_string(number) + ", which is not known");
  view.type = *type;
  const auto offset = cursor.number<std::uint64_t>("a tensor's offset");
  if (offset % alignment != 0) {
    fail("lies at " + std::to_string(offset) + ", expected a multiple of " +
         std::to_string(alignment));
  }
  const std::size_t size = bytes_of(view, data, place);
  if (size > data.size() || offset > data.size() - size) {
    fail("needs " + std::to_string(size) + " bytes from " + std::to_string(offset) +
         " on, the file holds " + std::to_string(data.size()) + " bytes of tensors (truncated?)");
  }
  view.bytes = data.subspan(static_cast<std::size_t>(offset), size);
  return view;
}

void check_overlap(std::vector<GgufTensorView>& tensors, const Place& place) {
  std::ranges::sort(tensors, {}, [](const GgufTensorView& view) { return view.bytes.data(); });
  const GgufTensorView* before = nullptr;
  for (const GgufTensorView& view : tensors) {
    if (view.bytes.empty()) continue;
    if (before != nullptr && before->bytes.data() + before->bytes.size() > view.bytes.data()) {
      place.fail("tensor " + printable_name(view.name) + " overlaps " +
                 printable_name(before->name));
    }
    before = &view;
  }
}

// Sorts by name; the messages say `what` for a name that stands twice.
template <class Named>
void sort_by_name(std::vector<Named>& list, std::string_view Named::*name, std::string_view what,
                  const Place& place) {
  std::ranges::sort(list, {}, name);
  const auto twice = std::ranges::adjacent_find(list, {}, name);
  if (twice != list.end()) {
    place.fail(std::string(what) + " " + printable_name((*twice).*name) + " stands twice");
  }
}

template <class Named>
const Named* find_by_name(const std::vector<Named>& list, std::string_view Named::*name,
                          std::string_view wanted) {
  const auto found = std::ranges::lower_bound(list, wanted, {}, name);
  return found != list.end() && (*found).*name == wanted ? &*found : nullptr;
}

}  // namespace

struct GgufFile::Contents {
  explicit Contents(const std::filesystem::path& file) : path(file), map(file, "open_gguf") {}

  std::filesystem::path path;
  MappedFile map;
  std::uint32_t version = 0;
  std::size_t header_size = 0;
  std::vector<GgufEntry> metadata;
  std::vector<GgufTensorView> tensors;
};

std::int64_t GgufTensorView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape()) product *= size;
  return product;
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>(path);
  const std::span<const std::byte> bytes = contents->map.bytes();
  const Place place{path};
  GgufFile file;
  file.contents_ = contents;
  Cursor cursor(bytes, place);
  contents->version = read_version(cursor, place);
  // The counts stand side by side, but each bounds what comes after both.
  const std::size_t n_tensors = cursor.count(kSmallestTensor, "the number of tensors");
  const std::size_t n_entries = cursor.count(kSmallestEntry, "the number of keys");
  contents->metadata.reserve(n_entries);
  for (std::size_t i = 0; i < n_entries; ++i) contents->metadata.push_back(read_entry(cursor));
  sort_by_name(contents->metadata, &GgufEntry::key, "key", place);

  const auto alignment = file.integer("general.alignment").value_or(kDefaultAlignment);
  if (alignment <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
    place.fail("general.alignment is " + std::to_string(alignment) + ", expected a power of two");
  }
  Cursor infos = cursor;
  for (std::size_t i = 0; i < n_tensors; ++i) skip_tensor(cursor, place);
  const auto step = static_cast<std::size_t>(alignment);
  const std::size_t gap = (step - cursor.offset() % step) % step;
  // A file without tensors may end with its header.
  contents->header_size = cursor.offset() + std::min(gap, cursor.left());
  const auto data = bytes.subspan(contents->header_size);
  contents->tensors.reserve(n_tensors);
  for (std::size_t i = 0; i < n_tensors; ++i) {
    contents->tensors.push_back(read_tensor(infos, data, step, place));
  }
  check_overlap(contents->tensors, place);
  sort_by_name(contents->tensors, &GgufTensorView::name, "tensor", place);
  return file;
}

bool GgufFile::recognises(const std::filesystem::path& path) {
  if (path.extension() == ".gguf") return true;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::array<char, 4> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == "GGUF";
}

const std::filesystem::path& GgufFile::path() const { return contents_->path; }

std::uint32_t GgufFile::version() const { return contents_->version; }

std::span<const GgufEntry> GgufFile::metadata() const { return contents_->metadata; }

std::span<const GgufTensorView> GgufFile::tensors() const { return contents_->tensors; }

std::shared_ptr<const void> GgufFile::mapping() const { return contents_; }

std::size_t GgufFile::header_size() const { return contents_->header_size; }

bool GgufFile::contains(std::string_view name) const {
  return find_by_name(contents_->tensors, &GgufTensorView::name, name) != nullptr;
}

const GgufTensorView& GgufFile::view(std::string_view name) const {
  const auto* found = find_by_name(contents_->tensors, &GgufTensorView::name, name);
  if (found == nullptr) {
    throw std::runtime_error("[read_tensor] " + contents_->path.string() + ": no tensor " +
                             printable_name(name) + " among " +
                             std::to_string(contents_->tensors.size()));
  }
  return *found;
}

const GgufEntry* GgufFile::find(std::string_view key) const {
  return find_by_name(contents_->metadata, &GgufEntry::key, key);
}

}  // namespace circuit
