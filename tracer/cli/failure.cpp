#include "tracer/cli/failure.h"

#include <new>

#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

// c10::Error puts its stack trace behind the message, on lines of its own.
constexpr std::string_view kStackTrace = "\nException raised from";

// What LibTorch's allocator says; its brackets hold a place in LibTorch's sources.
bool is_out_of_memory(std::string_view message) {
  return message.find("DefaultCPUAllocator") != message.npos;
}

std::string with_operation(std::string_view message, std::string_view operation) {
  message = message.substr(0, message.find(kStackTrace));
  std::string line = single_line(message);
  if (line.starts_with('[') && line.find(']') != line.npos) return line;
  return "[" + std::string(operation) + "] " + line;
}

}  // namespace

std::string single_line(std::string_view text) {
  std::string line;
  for (const char c : valid_utf8(text)) {
    if (c == '\n' || c == '\t' || c == '\r') {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      line += c;
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return one_line(line);
}

std::string failure_line(const std::exception_ptr& error, std::string_view operation) {
  const std::string out_of_memory = "[" + std::string(operation) + "] out of memory";
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  } catch (const std::exception& exception) {
    if (is_out_of_memory(exception.what())) return out_of_memory;
    return with_operation(exception.what(), operation);
  } catch (...) {
    return "[" + std::string(operation) + "] an unknown error";
  }
}

}  // namespace circuit::cli
