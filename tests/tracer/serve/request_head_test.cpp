#include "tracer/serve/request_head.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace circuit::serve {
namespace {

using ::testing::HasSubstr;

const KnownHosts kHosts = known_hosts("127.0.0.1", 8080, "machine");
constexpr const char* kHost = "Host: localhost:8080\r\n";

std::string request(const std::string& line, const std::string& headers = kHost) {
  return line + "\r\n" + headers + "\r\n";
}

int status_of(const std::string& head) {
  const auto read = read_request_head(head, kHosts);
  const auto* const refusal = std::get_if<Refusal>(&read);
  return refusal == nullptr ? 200 : refusal->status;
}

RequestHead accepted(const std::string& head) {
  const auto read = read_request_head(head, kHosts);
  if (const auto* const refusal = std::get_if<Refusal>(&read)) ADD_FAILURE() << refusal->reason;
  return std::holds_alternative<RequestHead>(read) ? std::get<RequestHead>(read) : RequestHead{};
}

TEST(RequestHead, HoldsWhatAnAnswerDependsOn) {
  const RequestHead head = accepted(request(
      "HEAD /files/a%20b.json?x=1 HTTP/1.1",
      std::string(kHost) + "rAnGe:  bytes=0-3 \r\nIf-None-Match: \"a\"\r\nIf-Range: \"b\"\r\n"));
  EXPECT_TRUE(head.head_only);
  EXPECT_EQ(head.path, "/files/a b.json");
  EXPECT_EQ(head.range, "bytes=0-3");
  EXPECT_EQ(head.if_none_match, "\"a\"");
  EXPECT_EQ(head.if_range, "\"b\"");
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, ClosesWhenAskedAndForOldClients) {
  EXPECT_FALSE(accepted(request("GET / HTTP/1.0")).keep_alive);
  const std::string close = std::string(kHost) + "Connection: Close\r\n";
  EXPECT_FALSE(accepted(request("GET / HTTP/1.1", close)).keep_alive);
}

TEST(RequestHead, RefusesWhatIsNoGetOrHead) {
  for (const char* const method :
       {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PRI", "get", "GETX"}) {
    EXPECT_EQ(status_of(request(std::string(method) + " / HTTP/1.1")), 405) << method;
  }
}

TEST(RequestHead, RefusesBrokenRequestLines) {
  for (const char* const line : {"",
                                 "GET",
                                 "GET /",
                                 "GET  / HTTP/1.1",
                                 "GET / HTTP/1.1 ",
                                 " GET / HTTP/1.1",
                                 "GET / HTTP/1.1 x",
                                 "G\x01T / HTTP/1.1",
                                 "GET /\x7f HTTP/1.1",
                                 "GET /\xc3\xa4 HTTP/1.1",
                                 "GET /\t HTTP/1.1",
                                 "GET x HTTP/1.1",
                                 "GET http://localhost:8080/ HTTP/1.1",
                                 "GET / hTTP/1.1",
                                 "GET /%4 HTTP/1.1",
                                 "GET /%zz HTTP/1.1",
                                 "GET /% HTTP/1.1",
                                 "GET /a%00b HTTP/1.1",
                                 "GET %2 HTTP/1.1",
                                 "GET /%u0041 HTTP/1.1",
                                 "GET * HTTP/1.1"}) {
    EXPECT_EQ(status_of(request(line)), 400) << line;
  }
  EXPECT_EQ(status_of(request(std::string("GET /a\0b HTTP/1.1", 17))), 400);
  EXPECT_EQ(status_of(request("GET / HTTP/2.0")), 505);
}

TEST(RequestHead, RefusesBrokenHeaders) {
  for (const char* const header : {"x", ": y", "a b: c", " a: b", "\ta: b", "a\x01: b", "a: b\x01",
                                   "a: \x7f", "a: b\rc: d", "a: b\nc: d", "a : b"}) {
    EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string(kHost) + header + "\r\n")), 400)
        << header;
  }
}

TEST(RequestHead, RefusesBodies) {
  for (const char* const header :
       {"Content-Length: 1", "content-length: 18446744073709551616", "Content-Length: x",
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity"}) {
    EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string(kHost) + header + "\r\n")), 413)
        << header;
  }
  EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string(kHost) + "Content-Length: 0\r\n")),
            200);
}

TEST(RequestHead, RefusesWhatIsTooLong) {
  EXPECT_EQ(status_of(request("GET /" + std::string(kLongestRequestLine, 'a') + " HTTP/1.1")), 414);
  const std::string line = "a: " + std::string(1000, 'b') + "\r\n";
  std::string many = kHost;
  for (int i = 0; i < 17; ++i) many += line;
  EXPECT_EQ(status_of(request("GET / HTTP/1.1", many)), 431);
  std::string short_ones = kHost;
  for (std::size_t i = 0; i < kMostHeaderLines; ++i) short_ones += "a: b\r\n";
  EXPECT_EQ(status_of(request("GET / HTTP/1.1", short_ones)), 431);
}

TEST(RequestHead, NeedsOneKnownHost) {
  EXPECT_EQ(status_of(request("GET / HTTP/1.1", "")), 400);
  EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string(kHost) + kHost)), 400);
  for (const char* const host :
       {"localhost:8080", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080"}) {
    EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string("Host: ") + host + "\r\n")), 200)
        << host;
  }
  for (const char* const host :
       {"", "localhost", "localhost:", "localhost:80", "localhost:8081", "localhost:808x",
        "localhost:0008080x", "localhost:-1", "localhost:99999999999999999999", "evil.com",
        "evil.com:8080", "localhost.evil.com:8080", "localhost:8080:8080", "[::1]", "::1:8080",
        "10.0.0.1:8080", "machine:8080", "user@localhost:8080", "localhost:8080 evil"}) {
    EXPECT_EQ(status_of(request("GET / HTTP/1.1", std::string("Host: ") + host + "\r\n")), 421)
        << host;
  }
}

TEST(KnownHosts, AreThoseTheServerListensOn) {
  EXPECT_TRUE(known_hosts("192.168.1.5", 80, "m").contains("192.168.1.5"));
  EXPECT_FALSE(known_hosts("192.168.1.5", 80, "m").contains("192.168.1.6"));
  EXPECT_TRUE(known_hosts("Box.Local", 81, "m").contains("box.local:81"));
  EXPECT_TRUE(known_hosts("fe80::1", 81, "m").contains("[fe80::1]:81"));
}

TEST(KnownHosts, OnAllAddressesAreAddressesAndTheMachinesName) {
  for (const char* const all : {"0.0.0.0", "::"}) {
    const KnownHosts hosts = known_hosts(all, 81, "Machine");
    for (const char* const known : {"10.1.2.3:81", "[fe80::2]:81", "machine:81", "localhost:81"}) {
      EXPECT_TRUE(hosts.contains(known)) << known;
    }
    for (const char* const unknown : {"evil.com:81", "10.1.2.3.evil.com:81", "10.1.2.3", "[x]:81",
                                      "10.1.2:81", "0x7f.1:81", "[]:81", ":81"}) {
      EXPECT_FALSE(hosts.contains(unknown)) << unknown;
    }
  }
}

TEST(Refusal, IsAWholeAnswerThatClosesTheConnection) {
  const std::string text = refusal_text({405, "expected GET or HEAD"});
  EXPECT_TRUE(text.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: close\r\n\r\nexpected GET or HEAD\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 21\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
}

}  // namespace
}  // namespace circuit::serve
