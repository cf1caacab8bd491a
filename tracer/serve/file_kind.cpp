#include "tracer/serve/file_kind.h"

#include <algorithm>
#include <array>

#include "tracer/serve/reply.h"

namespace circuit::serve {
namespace {

constexpr std::string_view kPicturePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";
/// Its own scripts run, but as a page of nobody: not with the rights of this server's pages.
constexpr std::string_view kStrangePagePolicy =
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src "
    "data: "
    "blob:; font-src data:; worker-src blob:; frame-ancestors 'none'; base-uri 'none'; form-action "
    "'none'; sandbox allow-scripts allow-downloads allow-modals";

constexpr std::array<FileKind, 9> kKinds = {{
    {kGraphEnding, "application/octet-stream", kNothingAllowed},
    {kJsonEnding, "application/json", kNothingAllowed},
    {".jsonl", "text/plain; charset=utf-8", kNothingAllowed},
    {".svg", "image/svg+xml", kPicturePolicy},
    {".png", "image/png", kPicturePolicy},
    // Viewers of PDF in browsers do not run in a sandbox.
    {".pdf", "application/pdf", "frame-ancestors 'none'"},
    {".dot", "text/plain; charset=utf-8", kNothingAllowed},
    {".graphml", "application/graphml+xml", kNothingAllowed},
    {".html", "text/html; charset=utf-8", kStrangePagePolicy},
}};

}  // namespace

const FileKind* kind_of(std::string_view name) {
  const auto found = std::ranges::find_if(
      kKinds, [&](const FileKind& kind) { return name.ends_with(kind.ending); });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace circuit::serve
