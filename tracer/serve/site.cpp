#include "tracer/serve/site.h"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <sys/random.h>

#include "export/file/graph_file.h"
#include "export/page/html.h"
#include "export/text/output_text.h"
#include "export/viewer/viewer_json_read.h"
#include "graph/prune.h"
#include "tracer/serve/byte_range.h"
#include "tracer/serve/file_kind.h"
#include "tracer/serve/list_page.h"

namespace circuit::serve {
namespace {

constexpr std::string_view kFiles = "/files/";
constexpr std::string_view kGraphs = "/graphs/";
constexpr std::size_t kPieceSize = 64ULL << 10;

/// The page says itself which scripts and styles of its own may run; nothing else may.
constexpr std::string_view kViewerPolicy =
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src "
    "data: "
    "blob:; worker-src blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
constexpr std::uint64_t kLargestGraph = 4ULL << 30;

/// 128 random bits: nobody who can write into the folder can write what runs on the list page.
std::string make_nonce() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("[serve] no random numbers");
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    text += {"0123456789abcdef"[byte / 16], "0123456789abcdef"[byte % 16]};
  }
  return text;
}

std::string quoted(const std::string& version) { return "\"" + version + "\""; }

/// Of `If-None-Match`: a list of tags, weak ones too, or `*`.
bool matches(std::string_view list, std::string_view tag) {
  return list == "*" || (!list.empty() && list.find(tag) != list.npos);
}

Reply not_modified(std::uint64_t size, Headers headers) {
  Reply reply{.status = 304, .size = size};
  reply.headers = std::move(headers);
  return reply;
}

Body body_of(OpenFile&& opened) {
  const auto file = std::make_shared<const OpenFile>(std::move(opened));
  return [file](std::uint64_t begin, std::uint64_t size, const Piece& piece) {
    const std::string bytes = file->read(begin, std::min<std::uint64_t>(size, kPieceSize));
    return !bytes.empty() && piece(bytes);  // none: the file was cut short
  };
}

Body part_of(Body whole, std::uint64_t first) {
  return [whole = std::move(whole), first](std::uint64_t begin, std::uint64_t size,
                                           const Piece& piece) {
    return whole(first + begin, size, piece);
  };
}

/// The range that is asked for, of a file that is still the one that `If-Range` names.
std::optional<ByteRange> range_of(const RequestHead& request, std::uint64_t size,
                                  const std::string& tag) {
  if (!request.if_range.empty() && request.if_range != tag) return std::nullopt;
  return parse_range(request.range, size);
}

void require_size(const std::string& name, const OpenFile& opened, std::uint64_t most) {
  if (opened.size() <= most) return;
  throw std::runtime_error("[serve] " + name + ": has " + std::to_string(opened.size()) +
                           " bytes, expected at most " + std::to_string(most));
}

std::string page_of_graph_file(const std::string& name, const OpenFile& opened,
                               const FeatureLabels& labels) {
  require_size(name, opened, kLargestGraph);
  const FileCopy copy(opened, opened.size());
  GraphFile file = copy.read_as(name, [](const auto& path) { return read_graph_file(path); });
  apply_labels(labels, file.graph);
  return html_page(file.graph, file.pruned ? *file.pruned : prune(file.graph),
                   {.scores = file.scores});
}

std::string page_of_json(const std::string& name, const OpenFile& opened,
                         const FeatureLabels& labels) {
  require_size(name, opened, kLargestJson);
  const FileCopy copy(opened, opened.size());
  ViewerFile file = copy.read_as(name, [](const auto& path) { return read_viewer_json(path); });
  apply_labels(labels, file.content.graph);
  return html_page(file.content.graph, file.content.pruned.value(),
                   {.scores = file.content.scores, .view = file.options.state});
}

}  // namespace

Site::Site(SiteOptions options)
    : options_(std::move(options)), folder_(options_.folder), pages_(options_.cache_bytes) {}

Reply Site::respond(const RequestHead& request) {
  try {
    if (request.path == "/") return list();
    if (request.path.starts_with(kFiles)) return file(request, request.path.substr(kFiles.size()));
    if (request.path.starts_with(kGraphs)) {
      return viewer(request, request.path.substr(kGraphs.size()));
    }
    return message_reply(404, "not found");
  } catch (const std::bad_alloc&) {
    return message_reply(500, "[serve] out of memory");
  } catch (const std::exception& error) {
    return message_reply(500, one_line(error.what()));
  }
}

Reply Site::list() {
  const std::string nonce = make_nonce();
  Reply reply =
      text_reply(200, list_page(folder_.list(), options_.title, nonce), "text/html; charset=utf-8");
  reply.policy = list_page_policy(nonce);
  reply.headers = {{"Cache-Control", "no-store"}};
  return reply;
}

Reply Site::file(const RequestHead& request, const std::string& name) const {
  auto opened = folder_.open(name);
  if (!opened) return message_reply(404, "no such file");
  const std::string tag = quoted(opened->version());
  Headers headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}, {"Accept-Ranges", "bytes"}};
  if (matches(request.if_none_match, tag)) return not_modified(opened->size(), std::move(headers));
  const std::uint64_t size = opened->size();
  const auto range = range_of(request, size, tag);
  if (range && range->size == 0) {
    Reply reply = message_reply(416, "nothing of the file lies in that range");
    reply.headers = {{"Content-Range", "bytes */" + std::to_string(size)}};
    return reply;
  }
  const FileKind& kind = *kind_of(name);  // what `folder_` opened is of a kind
  Reply reply{.content_type = std::string(kind.content_type), .size = size};
  reply.policy = kind.policy;
  reply.headers = std::move(headers);
  reply.body = body_of(std::move(*opened));
  if (range) {
    reply.status = 206;
    reply.size = range->size;
    reply.body = part_of(std::move(reply.body), range->begin);
    reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(range->begin) + "-" +
                                                    std::to_string(range->begin + range->size - 1) +
                                                    "/" + std::to_string(size));
  }
  return reply;
}

PageCache::Page Site::page_of(const std::string& name, const OpenFile& opened) {
  const std::string& version = opened.version();
  if (PageCache::Page page = pages_.find(name, version)) return page;
  const std::scoped_lock lock(mutex_);
  if (PageCache::Page page = pages_.find(name, version)) return page;  // made while we waited
  auto page = std::make_shared<const std::string>(
      ending_of(name) == kJsonEnding ? page_of_json(name, opened, options_.labels)
                                     : page_of_graph_file(name, opened, options_.labels));
  pages_.keep(name, version, page);
  return page;
}

Reply Site::viewer(const RequestHead& request, const std::string& name) {
  std::string file_name = name + std::string(kGraphEnding);
  auto opened = folder_.open(file_name);
  if (!opened) {
    file_name = name + std::string(kJsonEnding);
    opened = folder_.open(file_name);
  }
  if (!opened) return message_reply(404, "no such graph");
  PageCache::Page page;
  try {
    page = page_of(file_name, *opened);
  } catch (const std::runtime_error& error) {
    return message_reply(422, one_line(error.what()));
  }
  const std::string tag = quoted(opened->version());
  Headers headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
  if (matches(request.if_none_match, tag)) return not_modified(page->size(), std::move(headers));
  Reply reply = text_reply(200, std::move(page), "text/html; charset=utf-8");
  reply.policy = kViewerPolicy;
  reply.headers = std::move(headers);
  return reply;
}

}  // namespace circuit::serve
