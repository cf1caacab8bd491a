// Memory-mapped reading and atomic writing of safetensors files. Non-goals: torch tensors
// (transcoders/tensor_view.h wraps these views), in-place edits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transcoders/weights/dtype.h"

namespace circuit {

/// A read-only look at one tensor inside a mapped file; valid while the file's mapping lives.
struct TensorView {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< little-endian; not always aligned to dtype
  bool column_major = false;         ///< the first index runs fastest; safetensors: never
  bool mapped = true;                ///< bytes of a mapped file; else memory that someone owns

  std::int64_t elements() const;
};

enum class AccessPattern : std::uint8_t { kSequential, kRandom };

/// Tells the kernel how a mapped tensor will be read: random access reads no pages ahead, which
/// spares the disk when single decoder rows are picked from a large file. Only a hint.
void advise(const TensorView& view, AccessPattern pattern);

/// "[2304, 16384]", for messages.
std::string to_string(std::span<const std::int64_t> shape);

/// What any container of tensors holds; the bytes of the views live as long as it does.
struct TensorTable {
  std::filesystem::path path;
  std::map<std::string, TensorView, std::less<>> tensors;

  /// Throws std::runtime_error naming the file and the tensor when it is not there.
  const TensorView& view(std::string_view name) const;
  /// In ascending order.
  std::vector<std::string> names() const;
};

/// One mapped file. Copies share the mapping. Safe to read from many threads.
class SafetensorsFile {
 public:
  /// Maps `path` and checks its header: offsets inside the file, sizes that match dtype and shape,
  /// no overlap. Throws std::runtime_error `[open_safetensors] PATH: found, expected`.
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  bool contains(std::string_view name) const;
  /// Throws std::runtime_error naming the file and the tensor when it is not there.
  const TensorView& view(std::string_view name) const;
  /// Names in ascending order.
  std::vector<std::string> names() const;
  const std::map<std::string, std::string>& metadata() const;
  /// Keeps the mapping alive for as long as the caller holds it.
  std::shared_ptr<const void> mapping() const;
  /// Keeps the mapping alive as well.
  std::shared_ptr<const TensorTable> table() const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// The tensors of a model directory: one `model.safetensors`, or the shards that
/// `model.safetensors.index.json` names (the single file wins, as with Hugging Face).
class WeightArchive {
 public:
  /// Throws std::runtime_error `[open_weights] PATH: …` when neither is there, a shard is missing
  /// or lies outside the directory, or a shard lacks a tensor that the index promises.
  static WeightArchive open(const std::filesystem::path& directory);

  bool contains(std::string_view name) const;
  const TensorView& view(std::string_view name) const;
  /// The file that holds `name`, for messages and for keeping the mapping.
  const SafetensorsFile& file_of(std::string_view name) const;
  std::vector<std::string> names() const;
  const std::vector<SafetensorsFile>& files() const { return files_; }

 private:
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t, std::less<>> file_index_;
  std::filesystem::path directory_;
};

/// Writes one file tensor by tensor, so that no more than a part of one need be in memory. Bytes go
/// in the order of `order()`; the layout and the errors are those of `write_safetensors`.
class SafetensorsWriter {
 public:
  struct Tensor {
    std::string name;
    Dtype dtype = Dtype::kF32;
    std::vector<std::int64_t> shape;
  };

  SafetensorsWriter(const std::filesystem::path& path, std::vector<Tensor> tensors,
                    const std::map<std::string, std::string>& metadata);
  ~SafetensorsWriter();
  SafetensorsWriter(const SafetensorsWriter&) = delete;  // owns a file
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

  const std::vector<Tensor>& order() const;
  /// The next bytes, of a part of a tensor or of several.
  void write(std::span<const std::byte> bytes);
  /// The file appears. Throws std::logic_error unless exactly the promised bytes were written.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A tensor to be written; the bytes belong to the caller.
struct TensorToWrite {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes the file beside `path` and renames it, so that a reader never sees half of one. Layout is
/// deterministic: wider types first (8 bytes, 4, 2, 1), within a width by name, so that every
/// tensor is aligned; metadata keys sorted; header padded to 8 bytes. Throws std::invalid_argument
/// when bytes do not match dtype and shape, a name stands twice or is `__metadata__`, or text is
/// not UTF-8; std::runtime_error `[write_safetensors] PATH: …` when the disk is full or not
/// writable.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace circuit
