#include "tests/tracer/serve/random_requests.h"

#include <algorithm>
#include <utility>

namespace circuit::serve::testing {
namespace {

using Texts = std::vector<std::string>;

const Texts kKnownMethods = {"GET", "GET", "GET", "HEAD"};
const Texts kMethods = {"GET",    "GET",     "GET",     "GET",   "HEAD",  "POST", "PUT",
                        "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "PRI",  "get"};
const Texts kVersions = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0",
                         "HTTP/2.0", "HTTP/9",   "http/1.1", ""};
const Texts kPlaces = {"/files/", "/files/",  "/files/",  "/files/",  "/files/",
                       "/files/", "/graphs/", "/graphs/", "/",        "//",
                       "/files",  "/x/",      "",         "/files//", "http://localhost/files/"};
const Texts kSteps = {"../",           "./",   "..\\",   "%2e%2e%2f",   "..%2f",
                      "%2e%2e/",       "..;/", "....//", "%252e%252e/", "%c0%ae%c0%ae/",
                      "%u002e%u002e/", "/",    "a/../",  "%5c..%5c"};
const Texts kEnds = {"\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", ""};

}  // namespace

RandomRequests::RandomRequests(std::uint64_t seed, std::string host, std::string secret)
    : random_(seed),
      host_(std::move(host)),
      names_({"a.graph.safetensors",
              "a",
              "a.svg",
              "numbers.json",
              "numbers.json",
              "empty.dot",
              "broken.graph.safetensors",
              "broken",
              "link.json",
              "link",
              "folder.json",
              "pipe.json",
              ".hidden.json",
              "notes.txt",
              "graph-metadata.json",
              "",
              ".",
              "..",
              "secret.json",
              "../secret.json",
              "../secret.graph.safetensors",
              std::move(secret),
              "/etc/passwd",
              "/proc/self/environ"}) {}

std::size_t RandomRequests::number(std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
}

bool RandomRequests::chance(int percent) { return number(100) < static_cast<std::size_t>(percent); }

std::string RandomRequests::noise(std::size_t most) {
  std::string bytes(number(most + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(number(256));
  return bytes;
}

std::string RandomRequests::encoded_at_random(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (chance(80)) {
      result += c;
    } else {
      result += {'%', "0123456789abcdef"[byte / 16], "0123456789ABCDEF"[byte % 16]};
    }
  }
  return result;
}

std::string RandomRequests::target() {
  std::string result = any(kPlaces);
  if (chance(20)) {
    for (std::size_t left = number(6); left > 0; --left) result += any(kSteps);
  }
  result += chance(30) ? encoded_at_random(any(names_)) : any(names_);
  if (chance(10)) result += "?" + any(kSteps);
  if (chance(3)) result += std::string(number(10000), 'a');
  return result;
}

std::string RandomRequests::header() {
  const auto digits = [&] { return std::to_string(random_() >> number(64)); };
  switch (number(wild_ ? 11 : 5)) {
    case 0:
    case 1:
      return "Range: bytes=" + (chance(80) ? digits() : "") + "-" + (chance(80) ? digits() : "");
    case 2:
      return "Range: " + any(Texts{"bytes=0-3", "bytes=-5", "bytes=4-", "bytes=100-", "bytes=-0",
                                   "bytes=1-2,3-4", "items=1-2", "bytes=", "bytes=9-1"});
    case 3:
      return "If-None-Match: " + any(Texts{"*", "*", "\"x\"", "W/\"x\"", "", noise(30)});
    case 4:
      return "If-Range: " + any(Texts{"\"x\"", "*", "0"});
    case 5:
      return "Content-Length: " + any(Texts{"0", "5", "-1", "18446744073709551616", digits()});
    case 6:
      return "Transfer-Encoding: " + any(Texts{"chunked", "gzip", "identity", "xchunked"});
    case 7:
      return "Connection: " + any(Texts{"close", "keep-alive", "Upgrade", "close, x"});
    case 8:
      return any(Texts{"Expect: 100-continue", "Upgrade: h2c", "Accept-Encoding: gzip, br",
                       "Host: evil.com", "X: " + std::string(number(20000), 'y'), " folded: yes",
                       "Content-Type: multipart/form-data; boundary=x"});
    case 9:
      return noise(10) + ": " + noise(40);
    default:
      return noise(60);
  }
}

std::string RandomRequests::request() {
  wild_ = chance(25);  // else only the target and the values of known headers are strange
  std::string text = (wild_ ? any(kMethods) : any(kKnownMethods)) + " " + target() + " " +
                     (wild_ ? any(kVersions) : "HTTP/1.1") + "\r\n";
  const std::size_t headers = wild_ && chance(5) ? number(300) : number(4);
  const std::size_t host_at = number(headers + 1);
  for (std::size_t i = 0; i <= headers; ++i) {
    if (i == host_at && chance(98)) {
      text += "Host: " + (chance(97) ? host_ : any(Texts{"evil.com", "", "[::1", "127.0.0.1"})) +
              "\r\n";
    }
    if (i < headers) text += header() + (wild_ ? any(kEnds) : "\r\n");
  }
  text += "\r\n";
  if (wild_ && chance(20)) text += noise(200);  // a body
  return text;
}

void RandomRequests::change(std::string& bytes) {
  if (bytes.empty()) return;
  const std::size_t at = number(bytes.size());
  const std::size_t size = std::min(number(40), bytes.size() - at);
  switch (number(7)) {
    case 0:
      bytes[at] = static_cast<char>(number(256));
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << number(8)));
      break;
    case 2:
      bytes.erase(at, size);
      break;
    case 3:
      bytes.insert(at, noise(20));
      break;
    case 4:
      bytes.insert(number(bytes.size()), bytes.substr(at, size));
      break;
    case 5:
      bytes.resize(at);
      break;
    default:
      bytes.insert(at, any(kEnds));
  }
}

std::string RandomRequests::next() {
  if (chance(5)) return noise(chance(10) ? 40000 : 400);
  std::string bytes = request();
  while (chance(20)) bytes += request();
  if (chance(30)) {
    do change(bytes);
    while (chance(50));
  }
  return bytes;
}

}  // namespace circuit::serve::testing
