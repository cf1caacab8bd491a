#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <simdjson.h>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/printable_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("[open_weights] " + path.string() + ": " + what);
}

/// A shard lies beside its index: a path that leads elsewhere is not one of ours.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

/// Tensor name -> shard file name.
std::map<std::string, std::string> read_index(const std::filesystem::path& path) {
  const MappedFile file(path, "open_weights");
  if (file.bytes().empty()) fail(path, "the file is empty");
  simdjson::dom::parser parser;
  simdjson::dom::object weight_map;
  const auto* text = reinterpret_cast<const char*>(file.bytes().data());
  simdjson::dom::element root;
  const auto error = parser.parse(text, file.bytes().size(), /*realloc_if_needed=*/true).get(root);
  if (error != simdjson::SUCCESS) {
    fail(path, std::string("not JSON: ") + simdjson::error_message(error));
  }
  if (root["weight_map"].get(weight_map) != simdjson::SUCCESS) {
    fail(path, "no object \"weight_map\"");
  }
  std::map<std::string, std::string> shards;
  for (const auto [name, value] : weight_map) {
    std::string_view shard;
    if (value.get(shard) != simdjson::SUCCESS || !is_plain_file_name(shard)) {
      fail(path, "tensor " + printable_name(name) + " lies in " + simdjson::minify(value) +
                     ", expected the name of a file in the same directory");
    }
    if (!shards.emplace(name, shard).second) {
      fail(path, "tensor " + printable_name(name) + " stands twice");
    }
  }
  return shards;
}

}  // namespace

WeightArchive WeightArchive::open(const std::filesystem::path& directory) {
  WeightArchive archive;
  archive.directory_ = directory;
  std::error_code ignored;
  const std::filesystem::path single = directory / "model.safetensors";
  if (std::filesystem::exists(single, ignored)) {
    archive.files_.push_back(SafetensorsFile::open(single));
    for (std::string& name : archive.files_.front().names()) {
      archive.file_index_.emplace(std::move(name), 0);
    }
    return archive;
  }
  const std::filesystem::path index = directory / "model.safetensors.index.json";
  if (!std::filesystem::exists(index, ignored)) {
    fail(directory, "neither model.safetensors nor model.safetensors.index.json is there");
  }
  const std::map<std::string, std::string> shard_of = read_index(index);
  std::map<std::string, std::size_t> position_of;
  for (const auto& [name, shard] : shard_of) position_of.emplace(shard, 0);
  for (auto& [shard, position] : position_of) {
    position = archive.files_.size();
    archive.files_.push_back(SafetensorsFile::open(directory / shard));
  }
  for (const auto& [name, shard] : shard_of) {
    const std::size_t position = position_of.at(shard);
    if (!archive.files_[position].contains(name)) {
      fail(archive.files_[position].path(), "no tensor " + printable_name(name) + ", which " +
                                                index.filename().string() + " puts there");
    }
    archive.file_index_.emplace(name, position);
  }
  return archive;
}

bool WeightArchive::contains(std::string_view name) const { return file_index_.contains(name); }

const TensorView& WeightArchive::view(std::string_view name) const {
  return file_of(name).view(name);
}

const SafetensorsFile& WeightArchive::file_of(std::string_view name) const {
  const auto found = file_index_.find(name);
  if (found == file_index_.end()) {
    const std::filesystem::path& where = files_.size() == 1 ? files_.front().path() : directory_;
    throw std::runtime_error("[read_tensor] " + where.string() + ": no tensor " +
                             printable_name(name) + " among " + std::to_string(file_index_.size()));
  }
  return files_[found->second];
}

std::vector<std::string> WeightArchive::names() const {
  std::vector<std::string> names;
  names.reserve(file_index_.size());
  for (const auto& [name, index] : file_index_) names.push_back(name);
  return names;
}

}  // namespace circuit
