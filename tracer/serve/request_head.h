// The head of a request as bytes from anyone: read strictly, or refused with a status. What it does
// not allow never reaches cpp-httplib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace circuit::serve {

/// Bytes of the longest head, and of the longest request line, that are read.
inline constexpr std::size_t kLongestHead = 16384;
inline constexpr std::size_t kLongestRequestLine = 4096;
inline constexpr std::size_t kMostHeaderLines = 100;

/// What a browser may have written in front of the path to come here. A page of another site whose
/// name was made to resolve to this machine (DNS rebinding) names its own host, and is refused.
struct KnownHosts {
  std::vector<std::string> names;  ///< lower case, IPv6 addresses in brackets
  bool any_address = false;        ///< IP addresses too: they cannot be rebound
  std::uint16_t port = 0;

  /// Of the value of a Host header. Without a port it means port 80.
  bool contains(std::string_view host) const;
};

/// The names for a server that listens on `host`: this machine's own and `host`; where `host` means
/// all addresses (`0.0.0.0`, `::`), any address and `machine_name`.
KnownHosts known_hosts(std::string_view host, std::uint16_t port, std::string_view machine_name);

struct RequestHead {
  bool head_only = false;  ///< HEAD, else GET
  std::string path;        ///< percent-decoded, begins with /, without the query
  std::string range, if_range, if_none_match;  ///< empty when not there
  bool keep_alive = true;
};

struct Refusal {
  int status = 400;
  std::string reason;  ///< one line of ASCII
};

/// `head` ends with the empty line. Only GET and HEAD of a path, of HTTP/1.0 or 1.1, with one known
/// Host, without a body; no control characters, no folded lines, no malformed percent-encoding.
std::variant<RequestHead, Refusal> read_request_head(std::string_view head,
                                                     const KnownHosts& hosts);

/// The whole answer for a refusal, which closes the connection.
std::string refusal_text(const Refusal& refusal);

}  // namespace circuit::serve
