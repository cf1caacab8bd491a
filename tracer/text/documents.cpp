#include "tracer/text/documents.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <simdjson.h>

namespace circuit {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::runtime_error("[read_text] " + where + ": " + what);
}

bool is_text(const std::filesystem::path& path) {
  return path.extension() == ".txt" || path.extension() == ".jsonl";
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_regular_file() && is_text(entry.path())) files.push_back(entry.path());
  }
  if (files.empty()) fail(path.string(), "holds no .txt and no .jsonl file");
  std::ranges::sort(files);
  return files;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad())
    fail(path.string(), "cannot be read, expected a text file");
  return text;
}

std::string text_of_line(simdjson::dom::parser& parser, const std::string& line,
                         const std::string& where) {
  simdjson::dom::object object;
  if (const auto error = parser.parse(line).get(object)) {
    fail(where, std::string("is no JSON object (") + simdjson::error_message(error) + ")");
  }
  for (const char* key : {"text", "prompt"}) {
    simdjson::dom::element value;
    if (object[key].get(value) != simdjson::SUCCESS) continue;
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      fail(where, std::string(key) + " is " + simdjson::minify(value) + ", expected a string");
    }
    return std::string(text);
  }
  fail(where, "has neither text nor prompt, expected one");
}

void append_lines(const std::filesystem::path& path, std::vector<std::string>& documents) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream.is_open()) fail(path.string(), "cannot be read, expected a text file");
  simdjson::dom::parser parser;
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    documents.push_back(text_of_line(parser, line, path.string() + ":" + std::to_string(number)));
  }
  if (stream.bad()) fail(path.string(), "cannot be read to its end");
}

}  // namespace

std::vector<std::string> read_documents(std::span<const std::filesystem::path> paths) {
  std::vector<std::string> documents;
  for (const std::filesystem::path& path : paths) {
    if (!std::filesystem::exists(path)) fail(path.string(), "no such file or folder");
    for (const std::filesystem::path& file : files_of(path)) {
      if (file.extension() == ".jsonl") {
        append_lines(file, documents);
      } else {
        documents.push_back(read_file(file));
      }
    }
  }
  std::erase_if(documents, [](const std::string& text) { return text.empty(); });
  if (documents.empty()) fail(paths.empty() ? "" : paths.front().string(), "there is no text");
  return documents;
}

}  // namespace circuit
