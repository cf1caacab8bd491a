#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"
#include "tracer/serve/byte_range.h"
#include "tracer/serve/request_head.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  static const serve::KnownHosts hosts = serve::known_hosts("0.0.0.0", 8080, "machine");
  fuzz::expect_value_or_message(size, {.per_byte = 64}, [&] {
    const auto read = serve::read_request_head(text, hosts);
    const auto* const head = std::get_if<serve::RequestHead>(&read);
    if (head == nullptr) return;
    const auto range = serve::parse_range(head->range, size);
    const bool inside = !range || (range->begin <= size && range->size <= size - range->begin);
    if (inside && head->path.starts_with('/') && head->path.find('\0') == head->path.npos) return;
    std::fprintf(stderr, "a head that must not be: %s\n", head->path.c_str());
    std::abort();
  });
  return 0;
}
