#include "tracer/serve/request_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

#include "tracer/serve/reply.h"

namespace circuit::serve {
namespace {

using Parts = std::vector<std::string_view>;

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != kOthers.npos;
}

bool is_visible(char c) { return c > ' ' && c < 0x7f; }
/// Of header values: visible, space, tab, or a byte of a longer character.
bool is_text(char c) { return is_visible(c) || c == ' ' || c == '\t' || (c & 0x80) != 0; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Parts lines_of(std::string_view head) {
  Parts lines;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == head.npos) break;
    lines.push_back(head.substr(0, end));
    head.remove_prefix(end + 2);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

Parts words_of(std::string_view line) {
  Parts words;
  for (std::size_t space = 0; space != line.npos;) {
    space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space != line.npos) line.remove_prefix(space + 1);
  }
  return words;
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head) {
  if (line.size() > kLongestRequestLine) return Refusal{414, "the address is too long"};
  const Parts words = words_of(line);
  if (words.size() != 3 || words[0].empty() || !std::ranges::all_of(words[0], is_token_character) ||
      !std::ranges::all_of(words[1], is_visible)) {
    return Refusal{400, "no request line: expected METHOD PATH VERSION"};
  }
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") {
    return words[2].starts_with("HTTP/") ? Refusal{505, "expected HTTP/1.1"}
                                         : Refusal{400, "no version, expected HTTP/1.1"};
  }
  if (words[0] != "GET" && words[0] != "HEAD") return Refusal{405, "expected GET or HEAD"};
  head.head_only = words[0] == "HEAD";
  head.keep_alive = words[2] == "HTTP/1.1";
  const auto path = percent_decoded(words[1].substr(0, words[1].find_first_of("?#")));
  if (!path || !path->starts_with('/')) return Refusal{400, "expected a path that begins with /"};
  head.path = *path;
  return std::nullopt;
}

/// Reads header lines one at a time; what a request must have is looked at in the end.
class HeaderReader {
 public:
  explicit HeaderReader(RequestHead& head) : head_(head) {}

  std::optional<Refusal> read(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0 ||
        !std::ranges::all_of(line.substr(0, colon), is_token_character) ||
        !std::ranges::all_of(line, is_text)) {
      return Refusal{400, "a header line is broken, expected NAME: VALUE"};
    }
    const std::string name = lower(line.substr(0, colon));
    const std::string value(trimmed(line.substr(colon + 1)));
    if (name == "host") return take_host(value);
    if (name == "transfer-encoding" || (name == "content-length" && value != "0")) {
      return Refusal{413, "a body, expected none"};
    }
    if (name == "range") head_.range = value;
    if (name == "if-range") head_.if_range = value;
    if (name == "if-none-match") head_.if_none_match = value;
    if (name == "connection" && lower(value).find("close") != value.npos) head_.keep_alive = false;
    return std::nullopt;
  }

  std::optional<Refusal> check_host(const KnownHosts& hosts) const {
    if (!host_) return Refusal{400, "no Host header"};
    if (!hosts.contains(*host_)) return Refusal{421, "this server does not answer for that host"};
    return std::nullopt;
  }

 private:
  std::optional<Refusal> take_host(const std::string& value) {
    if (host_) return Refusal{400, "two Host headers"};
    host_ = value;
    return std::nullopt;
  }

  RequestHead& head_;
  std::optional<std::string> host_;
};

bool is_address(const std::string& name) {
  in6_addr address{};
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    return ::inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &address) == 1;
  }
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1;
}

}  // namespace

bool KnownHosts::contains(std::string_view host) const {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  std::uint16_t found_port = 80;
  if (has_port) {
    const std::string_view digits = host.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), found_port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return false;
  }
  const std::string name = lower(has_port ? host.substr(0, colon) : host);
  return found_port == port &&
         (std::ranges::find(names, name) != names.end() || (any_address && is_address(name)));
}

KnownHosts known_hosts(std::string_view host, std::uint16_t port, std::string_view machine_name) {
  KnownHosts hosts{.names = {"localhost", "127.0.0.1", "[::1]"}, .port = port};
  hosts.any_address = host == "0.0.0.0" || host == "::";
  std::string name = lower(hosts.any_address ? machine_name : host);
  if (name.find(':') != name.npos) name = "[" + name + "]";
  if (!name.empty()) hosts.names.push_back(std::move(name));
  return hosts;
}

std::variant<RequestHead, Refusal> read_request_head(std::string_view head,
                                                     const KnownHosts& hosts) {
  if (head.size() > kLongestHead) return Refusal{431, "the headers are too long"};
  const Parts lines = lines_of(head);
  if (lines.empty()) return Refusal{400, "no request line: expected METHOD PATH VERSION"};
  if (lines.size() > kMostHeaderLines + 1) return Refusal{431, "too many headers"};
  RequestHead result;
  if (const auto refusal = read_request_line(lines.front(), result)) return *refusal;
  HeaderReader headers(result);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (const auto refusal = headers.read(lines[i])) return *refusal;
  }
  if (const auto refusal = headers.check_host(hosts)) return *refusal;
  return result;
}

std::string refusal_text(const Refusal& refusal) {
  const std::string body = refusal.reason + "\n";
  std::string text = "HTTP/1.1 " + std::to_string(refusal.status) + " " +
                     std::string(status_phrase(refusal.status)) + "\r\n";
  if (refusal.status == 405) text += "Allow: GET, HEAD\r\n";
  for (const auto& [name, value] : security_headers()) text += name + ": " + value + "\r\n";
  text += "Content-Security-Policy: " + std::string(kNothingAllowed) + "\r\n";
  return text + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace circuit::serve
