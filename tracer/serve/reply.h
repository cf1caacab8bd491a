// What the server answers: a status, headers, and bytes from memory or a file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace circuit::serve {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kNothingAllowed =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

using Piece = std::function<bool(std::string_view)>;
/// Hands some of the bytes from `begin` on, at least one and at most `size`, to `piece`; false when
/// they cannot be had or `piece` refuses them.
using Body = std::function<bool(std::uint64_t begin, std::uint64_t size, const Piece& piece)>;

struct Reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::uint64_t size = 0;                             ///< of the body
  Body body;                                          ///< not needed for an empty one
  std::string policy = std::string(kNothingAllowed);  ///< Content-Security-Policy
  Headers headers{};  ///< beside Content-Type, Content-Length and `security_headers`
};

/// A body in memory.
Reply text_reply(int status, std::shared_ptr<const std::string> text, std::string content_type);
Reply text_reply(int status, std::string text, std::string content_type);
/// One line of plain text.
Reply message_reply(int status, std::string_view message);

/// Of every answer: what a browser must not do with it, and what other sites must not see.
const Headers& security_headers();

/// `Not Found`.
std::string_view status_phrase(int status);

}  // namespace circuit::serve
